"""Spot instances from one zone after the other."""

from collections.abc import Sequence

from cloudsim.cluster.placement import at_least_0, missing, open_zones, spot, surplus
from cloudsim.contracts import ClusterView, Launch, Terminate


class RoundRobinZones:
    """The baseline "round robin" of SkyServe (arXiv 2411.01438): each missing instance is asked for in the next zone of the list.

    A zone that refuses costs a control interval: the next attempt goes to the zone after it. The baseline remembers nothing of a zone;
    here one that refused is passed over for `retry_s`, which may be 0.

    Args:
        retry_s: seconds for which a zone that refused is left alone.
    """

    source = "SkyServe, arXiv 2411.01438"
    observes = (
        "cluster.nodes", "cluster.now_s", "cluster.refused_s", "cluster.targets", "cluster.zones", "node.hinted", "node.index",
        "node.market", "node.outstanding", "node.pool", "node.price_usd_per_h", "node.ready",
    )  # fmt: skip

    def __init__(self, retry_s: float) -> None:
        at_least_0("retry_s", retry_s)
        self._retry_s, self._next = retry_s, 0

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """Ask the next zones for what is missing, give back what is too much."""
        nodes, zones, may = spot(cluster), list(cluster.zones), open_zones(cluster, self._retry_s)
        launches = []
        for pool in missing(cluster, nodes) if may else ():
            while zones[self._next % len(zones)] not in may:
                self._next += 1
            launches.append(Launch(pool, "spot", [zones[self._next % len(zones)]]))
            self._next += 1
        return [*launches, *surplus(cluster, nodes)]
