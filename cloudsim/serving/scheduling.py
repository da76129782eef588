"""Asks a contender's scheduling policy, and holds it to its contract."""

from math import isfinite
from numbers import Real
from typing import Any

from cloudsim.contracts import SchedulingPolicy
from cloudsim.decision_log import DecisionLog
from cloudsim.policy_errors import PolicyErrors
from cloudsim.serving.request import Request
from cloudsim.views import ReplicaView, View

NEVER_TOKENS = 2**40
"""A quantum that does not end."""


class Scheduling:
    """One scheduling policy, shared by the replicas of a contender.

    Where it breaks its contract and the run is to go on nevertheless, ranks are equal, which is first come, first served; nobody has a
    quantum, and the last one admitted is the victim.

    Attributes:
        reorders: whether those who wait are ranked anew whenever a step has room and somebody came or left.
        preempts: whether it states quanta, so that running requests give way to waiting ones.
        observes: whether it looks at a replica before each new ranking.
        chooses: whether it says who gives way when blocks have run out.
    """

    __slots__ = ("_errors", "_observe", "_policy", "_quantum", "_rank", "_victim", "chooses", "observes", "preempts", "reorders")

    def __init__(self, policy: SchedulingPolicy, errors: PolicyErrors, log: DecisionLog) -> None:
        self._policy, self._errors = policy, errors
        self._rank = log.noting("scheduling", policy, policy.rank, lambda request, replica: None)
        self._quantum, self._observe, self._victim = (getattr(policy, name, None) for name in ("quantum_tokens", "observe", "victim"))
        self.reorders = bool(getattr(policy, "reorders", False))
        self.preempts, self.observes, self.chooses = (one is not None for one in (self._quantum, self._observe, self._victim))

    def rank(self, request: Request, replica: ReplicaView) -> float:
        """The rank of a request."""
        try:
            rank: Any = self._rank(request.view, replica)
        except Exception as error:
            return self._broken(f"failed on request {request.index}", request.view, replica, error=error)
        if not isinstance(rank, Real) or not isfinite(rank):
            return self._broken(f"gave rank {rank!r} to request {request.index}: not a finite number", request.view, replica)
        return rank  # type: ignore[return-value]  # a number, as was just seen

    def quantum_tokens(self, request: Request, replica: ReplicaView) -> int:
        """Tokens after which a running request is ranked anew."""
        try:
            tokens: Any = self._quantum(request.view, replica)  # type: ignore[misc]
        except Exception as error:
            self._broken(f"failed on the quantum of request {request.index}", request.view, replica, error=error)
            return NEVER_TOKENS
        if not isinstance(tokens, int) or tokens < 1:
            rule = f"gave quantum {tokens!r} to request {request.index}: not a whole number of at least 1"
            self._broken(rule, request.view, replica)
            return NEVER_TOKENS
        return tokens

    def observe(self, replica: ReplicaView) -> None:
        """Those who wait on a replica are about to be ranked anew."""
        try:
            self._observe(replica)  # type: ignore[misc]
        except Exception as error:
            self._broken("failed on what it observes", replica, error=error)

    def victim(self, replica: ReplicaView, running: dict[int, Request]) -> Request | None:
        """Who of `running` gives way; None where it says nothing of use."""
        try:
            chosen: Any = self._victim(replica)  # type: ignore[misc]
            found = running.get(getattr(chosen, "index", -1))
        except Exception as error:
            self._broken("failed on the choice of a victim", replica, error=error)
            return None
        if found is None:
            said = f"request {chosen.index}" if hasattr(chosen, "index") else repr(chosen)
            self._broken(f"chose {said} as victim: it is not running", replica)
        return found

    def _broken(self, rule: str, *views: View, error: Exception | None = None) -> float:
        self._errors.broken("scheduling", self._policy, rule, views, error)
        return 0.0


ASKED = (Scheduling.rank, Scheduling.quantum_tokens, Scheduling.observe, Scheduling.victim)
"""The methods in which a policy is at work."""
