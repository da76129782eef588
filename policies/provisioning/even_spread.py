"""Spot instances with a fixed share in each zone."""

from collections import Counter
from collections.abc import Sequence

from cloudsim.cluster.placement import at_least_0, give_back, open_zones, spot
from cloudsim.contracts import ClusterView, Launch, Terminate


class EvenSpread:
    """The static baseline "even spread" of SkyServe (arXiv 2411.01438): each zone has an equal share, and what it lost it waits for.

    Of `n` zones zone k gets every n-th instance, the pools one after the other; what a zone does not grant is missing.

    Args:
        retry_s: seconds for which a zone that refused is left alone.
    """

    source = "SkyServe, arXiv 2411.01438"
    observes = (
        "cluster.nodes", "cluster.now_s", "cluster.refused_s", "cluster.targets", "cluster.zones", "node.hinted", "node.index",
        "node.market", "node.outstanding", "node.pool", "node.price_usd_per_h", "node.ready", "node.zone",
    )  # fmt: skip

    def __init__(self, retry_s: float) -> None:
        at_least_0("retry_s", retry_s)
        self._retry_s = retry_s

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """Launch what each zone lacks to its share, give back what it has beyond it."""
        zones = list(cluster.zones)
        seats = [pool for pool, target in cluster.targets.items() for _ in range(target)]
        share = Counter((pool, zones[at % len(zones)]) for at, pool in enumerate(seats))
        ready_to_ask, decisions = open_zones(cluster, self._retry_s), list[Launch | Terminate]()
        for pool in cluster.targets:
            for zone in zones:
                nodes = [node for node in spot(cluster) if (node.pool, node.zone) == (pool, zone)]
                lacking = share[pool, zone] - len(nodes) if zone in ready_to_ask else 0
                decisions += [Launch(pool, "spot", [zone]) for _ in range(lacking)]
                decisions += give_back(nodes, share[pool, zone])
        return decisions
