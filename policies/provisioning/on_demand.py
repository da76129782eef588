"""Instances that are never taken back."""

from collections.abc import Sequence

from cloudsim.cluster.placement import missing, surplus
from cloudsim.contracts import ClusterView, Launch, Terminate


class OnDemand:
    """Keeps every pool at its target with on-demand instances, spread over the zones."""

    source = "a baseline of SkyServe, arXiv 2411.01438"
    observes = (
        "cluster.nodes", "cluster.targets", "cluster.zones", "node.hinted", "node.index", "node.outstanding", "node.pool",
        "node.price_usd_per_h", "node.ready",
    )  # fmt: skip

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """Launch what is missing, give back what is too much."""
        zones = list(cluster.zones)
        lacking = enumerate(missing(cluster, cluster.nodes), len(cluster.nodes))
        return [*(Launch(pool, "on_demand", [zones[at % len(zones)]]) for at, pool in lacking), *surplus(cluster, cluster.nodes)]
