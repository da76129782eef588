"""Each tier has a model."""

from collections.abc import Sequence

from cloudsim.contracts import FleetView, ReplicaView, RequestView
from cloudsim.errors import SimulationError
from policies.pools import nearest


class ByTier:
    """A pool for each tier: who pays more gets the larger model. The least outstanding replica of it serves.

    Where none of it is ready, the next larger model does, or else the next smaller one.

    Args:
        pools: name of each tier's pool, in the order of the configuration; the last one stands for any further tier.
    """

    source = "ours"
    observes = ("fleet.ready", "fleet.ready_by_pool", "replica.outstanding", "request.tier")

    def __init__(self, pools: Sequence[str]) -> None:
        if not pools:
            raise ValueError("pools is empty; it needs the name of a pool for each tier")
        self._pools = list(pools)

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView:
        """The least outstanding replica of the tier's pool, or of the nearest one."""
        names = list(fleet.ready_by_pool)
        wanted = self._pools[min(request.tier, len(self._pools) - 1)]
        if wanted not in names:
            raise SimulationError(f"routing ByTier: pools names {wanted}; the contender has {', '.join(names)}")
        return nearest(fleet, names.index(wanted))
