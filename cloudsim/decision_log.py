"""Every decision with what it was made on: the policy, what it looked at, what it chose, and what else it could have chosen."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from cloudsim.clock import Clock
from cloudsim.contracts import Route
from cloudsim.metrics.tables import DECISIONS
from cloudsim.metrics.words import columns_of
from cloudsim.observation import Seen, kind_of, observed, revealed
from cloudsim.views import RequestView, View

Method = Callable[..., Any]
Alternatives = Callable[..., Any]
"""Of the arguments of a decision: what could have been chosen, as JSON holds it."""

GOLDEN = 0.6180339887498949


class DecisionLog:
    """The decisions of one contender, in the order in which they were made.

    Args:
        clock: of the run.
        share: of the requests whose decisions are noted, in [0, 1], spread evenly over their numbers. Decisions on the fleet are noted
            wherever it is above 0.
    """

    def __init__(self, clock: Clock, share: float) -> None:
        self._clock, self._share = clock, share
        self._rows: list[tuple[float, str, str, int, str, str, str]] = []

    def noting(self, kind: str, policy: object, method: Method, alternatives: Alternatives) -> Method:
        """`method` of a policy, which then notes each of its decisions; itself where nothing is noted.

        Args:
            kind: of the policy.
        """
        if not self._share:
            return method
        name = type(policy).__name__

        def asked(*views: Any) -> Any:
            request = next((view.index for view in views if isinstance(view, RequestView)), -1)
            if request >= 0 and request * GOLDEN % 1.0 >= self._share:
                return method(*views)
            seen: Seen = {}
            chosen = revealed(method(*(observed(view, seen) for view in views)))
            row = (kind, name, request, described(chosen), _json(seen), _json(alternatives(*views)))
            self._rows.append((self._clock.now, *row))
            return chosen

        return asked

    def table(self) -> dict[str, Any]:
        """Columns of `cloudsim.metrics.tables.DECISIONS`, without contender and replication."""
        return columns_of(self._rows, DECISIONS[2:])


def _json(value: Any) -> str:
    return json.dumps(value, default=described)


def described(value: Any) -> str:
    """A choice in few words, views by their numbers."""
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return ", ".join(map(described, value))
    index = getattr(value, "index", None)
    if isinstance(value, View):
        return f"{kind_of(value)} {index}"
    if isinstance(value, Route):
        return f"{described(value.replica)}, samples {value.samples}{', final' * value.final}"
    if isinstance(value, Mapping):
        return json.dumps(dict(value), default=described)
    return f"{value:g}" if isinstance(value, float) else str(value)
