"""A router put together from parts: filter, then score, then pick."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from cloudsim.contracts import FleetView, ReplicaFilter, ReplicaPick, ReplicaScore, ReplicaView, RequestView

Score = Callable[[RequestView, ReplicaView, FleetView], float]


class Composed:
    """Takes out the replicas that a filter does not keep, prices those that are left, and lets `pick` choose by the price.

    The price of a replica is Σ weight · score, the lowest being best; it is worked out only where the pick asks for it. A filter that would
    leave no replica is passed over. The parts are in `policies/routing/parts/` or anywhere else a `_target_` can name, each under a name
    of its own, so that an override reaches it.

    Args:
        pick: a `ReplicaPick`.
        scores: a `ReplicaScore` by name.
        weights: of scores, by their names, finite; 1 where nothing is said.
        filters: a `ReplicaFilter` by name, applied in this order.

    Attributes:
        observes: what the parts look at, and the ready replicas.
        source: where the parts come from.
    """

    def __init__(
        self,
        pick: ReplicaPick,
        scores: Mapping[str, ReplicaScore] | None = None,
        weights: Mapping[str, float] | None = None,
        filters: Mapping[str, ReplicaFilter] | None = None,
    ) -> None:
        scores, weights, filters = scores or {}, weights or {}, filters or {}
        _check(pick, scores, weights, filters)
        self._pick = pick.pick
        self._filters = [part.keep for part in filters.values()]
        self._price = _weighted([(float(weights.get(name, 1.0)), part.score) for name, part in scores.items()])
        parts: list[Any] = [pick, *scores.values(), *filters.values()]
        self._chose: list[Callable[[RequestView, ReplicaView], None]] = [part.chose for part in parts if hasattr(part, "chose")]
        sources = (getattr(part, "source", "") for part in parts)
        self.source = "; ".join(dict.fromkeys(source for source in sources if source))
        self.observes = tuple(sorted({"fleet.ready", *(name for part in parts for name in getattr(part, "observes", ()))}))

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView:
        """The replica that is picked among those the filters keep."""
        replicas = fleet.ready
        for keep in self._filters:
            replicas = [replica for replica in replicas if keep(request, replica, fleet)] or replicas
        price = self._price
        picked = self._pick(replicas, lambda replica: price(request, replica, fleet))
        for chose in self._chose:
            chose(request, picked)
        return picked


def _weighted(terms: Sequence[tuple[float, Score]]) -> Score:
    """Σ weight · score; written out for few terms, since it is worked out for every replica and request."""
    match terms:
        case [(1.0, only)]:
            return only
        case [(a, first), (b, second)]:
            return lambda request, replica, fleet: a * first(request, replica, fleet) + b * second(request, replica, fleet)
        case [(a, first), (b, second), (c, third)]:
            return lambda request, replica, fleet: (
                a * first(request, replica, fleet) + b * second(request, replica, fleet) + c * third(request, replica, fleet)
            )
    return lambda request, replica, fleet: sum([weight * score(request, replica, fleet) for weight, score in terms])


def _check(pick: object, scores: Mapping[str, ReplicaScore], weights: Mapping[str, float], filters: Mapping[str, ReplicaFilter]) -> None:
    """Raises: ValueError: something is no part, or a weight belongs to none."""
    parts = [("pick", pick, "pick"), *((f"scores.{name}", part, "score") for name, part in scores.items())]
    parts += [(f"filters.{name}", part, "keep") for name, part in filters.items()]
    for path, part, method in parts:
        if not callable(getattr(part, method, None)):
            raise ValueError(f"{path} is {part!r}; give the _target_ of a class with the method {method}")
    for name, weight in weights.items():
        if name not in scores:
            raise ValueError(f"weights names {name}, which is no score; scores: {', '.join(scores) or 'none'}")
        if not isfinite(weight):
            raise ValueError(f"weights.{name} is {weight}; it must be finite")
