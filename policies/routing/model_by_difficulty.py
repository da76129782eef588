"""A router over a fleet of several models: hard questions to large models, unless these are busy."""

from collections.abc import Sequence

from cloudsim.contracts import FleetView, ReplicaView, RequestView
from cloudsim.errors import SimulationError


class ModelByDifficulty:
    """Tier, seen difficulty and load choose the pool; the least outstanding replica of it serves.

    Pools are ordered from the largest model to the smallest, as in the contender. A request wants the first pool whose threshold its
    difficulty, raised by its tier's bonus, reaches. A pool is passed over while its least busy replica has `busy` requests or more; then
    the next smaller ones are tried, then the larger ones, and if all are busy the one with the fewest requests takes it.

    Args:
        thresholds: least difficulty for each pool, falling, the last 0.
        tier_bonus: added to the difficulty for each tier, in the order of the configuration; the last one stands for any further tier.
        busy: outstanding requests at which a replica counts as busy, by pool.
    """

    source = "ours, after routers by difficulty such as RouteLLM, arXiv 2406.18665"
    observes = ("fleet.ready", "fleet.ready_by_pool", "replica.outstanding", "request.difficulty_seen", "request.tier")

    def __init__(self, thresholds: Sequence[float], tier_bonus: Sequence[float], busy: Sequence[int]) -> None:
        if not thresholds or thresholds[-1] != 0 or list(thresholds) != sorted(thresholds, reverse=True):
            raise ValueError(f"thresholds is {list(thresholds)}; they must fall and end with 0")
        if not tier_bonus or len(busy) != len(thresholds) or min(busy) < 1:
            raise ValueError("tier_bonus must not be empty, and busy needs one number of at least 1 for each threshold")
        self._thresholds, self._tier_bonus, self._busy = list(thresholds), list(tier_bonus), list(busy)

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView:
        """The least busy replica of the wanted pool, or of the nearest one with room."""
        pools = list(fleet.ready_by_pool.values())
        if len(pools) != len(self._thresholds):
            raise SimulationError(
                f"routing ModelByDifficulty: thresholds names {len(self._thresholds)} pools, the contender has {len(pools)}"
            )
        hard = request.difficulty_seen + self._tier_bonus[min(request.tier, len(self._tier_bonus) - 1)]
        wanted = next((at for at, threshold in enumerate(self._thresholds) if hard >= threshold), len(pools) - 1)
        for at in (*range(wanted, len(pools)), *range(wanted - 1, -1, -1)):
            if pools[at]:
                least: ReplicaView = min(pools[at], key=lambda replica: replica.outstanding)
                if least.outstanding < self._busy[at]:
                    return least
        return min(fleet.ready, key=lambda replica: replica.outstanding)
