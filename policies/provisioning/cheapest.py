"""Spot instances where they cost least."""

from collections.abc import Sequence

from cloudsim.cluster.placement import ask, at_least_0, missing, open_zones, spot, surplus
from cloudsim.contracts import ClusterView, Launch, Terminate


class Cheapest:
    """Keeps every pool at its target with spot instances of the cheapest zone, and of the next cheapest where that has no more.

    "Lowest price", an allocation strategy of EC2 fleets: it puts all instances into one zone while that has room, and so loses them
    together. Instances stay where they are when another zone becomes cheaper.

    Args:
        retry_s: seconds for which a zone that refused is left alone.
    """

    source = "EC2 fleets, allocation strategy lowest-price"
    observes = (
        "cluster.nodes", "cluster.now_s", "cluster.refused_s", "cluster.spot_price_usd_per_h", "cluster.targets", "cluster.zones",
        "node.hinted", "node.index", "node.market", "node.outstanding", "node.pool", "node.price_usd_per_h", "node.ready", "node.zone",
    )  # fmt: skip

    def __init__(self, retry_s: float) -> None:
        at_least_0("retry_s", retry_s)
        self._retry_s = retry_s

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """Launch what is missing, give back what is too much."""
        nodes, price = spot(cluster), cluster.spot_price_usd_per_h
        zones = open_zones(cluster, self._retry_s)
        return [*ask(cluster, missing(cluster, nodes), zones, lambda zone, taken: (price[zone], zone)), *surplus(cluster, nodes)]
