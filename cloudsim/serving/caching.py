"""Asks a contender's cache policy, and holds it to its contract."""

from math import isfinite
from numbers import Real
from typing import Any

from cloudsim.contracts import CachePolicy, KeptPrefix
from cloudsim.decision_log import DecisionLog
from cloudsim.policy_errors import PolicyErrors
from cloudsim.views import ReplicaView


class Caching:
    """One cache policy, shared by the replicas of a contender.

    Where it breaks its contract and the run is to go on nevertheless, an entry is worth nothing: equal ones go in the order in which they
    were stored, which is least recently used.
    """

    __slots__ = ("_errors", "_policy", "_worth")

    def __init__(self, policy: CachePolicy, errors: PolicyErrors, log: DecisionLog) -> None:
        self._policy, self._errors = policy, errors
        self._worth = log.noting("cache", policy, policy.worth, lambda entry, replica: None)

    def worth(self, entry: KeptPrefix, replica: ReplicaView) -> float:
        """What it is worth to keep an entry."""
        try:
            worth: Any = self._worth(entry, replica)
        except Exception as error:
            return self._broken(f"failed on conversation {entry.conversation}", replica, error)
        if not isinstance(worth, Real) or not isfinite(worth):
            return self._broken(f"gave worth {worth!r} to conversation {entry.conversation}: not a finite number", replica)
        return worth  # type: ignore[return-value]  # a number, as was just seen

    def _broken(self, rule: str, replica: ReplicaView, error: Exception | None = None) -> float:
        self._errors.broken("cache", self._policy, rule, (replica,), error)
        return 0.0


ASKED = (Caching.worth,)
"""The method in which a policy is at work."""
