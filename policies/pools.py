"""What routers over several pools share: pools stand from the largest model to the smallest, as in the contender."""

from collections.abc import Sequence

from cloudsim.contracts import FleetView, ReplicaView


def least_outstanding(replicas: Sequence[ReplicaView]) -> ReplicaView:
    """The replica with the fewest requests, the oldest of equals."""
    if len(replicas) == 1:
        return replicas[0]
    return min(replicas, key=_outstanding)


def nearest(fleet: FleetView, wanted: int) -> ReplicaView:
    """The least outstanding replica of pool number `wanted`, or where none of it is ready of the next larger model, or else smaller one."""
    pools = list(fleet.ready_by_pool.values())
    for at in (*range(wanted, -1, -1), *range(wanted + 1, len(pools))):
        if pools[at]:
            return least_outstanding(pools[at])
    return least_outstanding(fleet.ready)


def larger(fleet: FleetView, than: str) -> list[str]:
    """Pools with a ready replica and a larger model than pool `than`, the next one first."""
    names = list(fleet.ready_by_pool)
    return [name for name in reversed(names[: names.index(than)]) if fleet.ready_by_pool[name]]


def _outstanding(replica: ReplicaView) -> int:
    return replica.outstanding
