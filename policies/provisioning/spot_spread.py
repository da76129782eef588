"""Spot instances, spread evenly over the zones."""

from collections.abc import Sequence

from cloudsim.cluster.placement import ask, at_least_0, missing, open_zones, spot, surplus
from cloudsim.contracts import ClusterView, Launch, Terminate


class SpotSpread:
    """Keeps every pool at its target with spot instances alone.

    Each missing instance is asked for in the zone that has the fewest of the fleet's instances, the cheapest of equals, then in the next
    one until a zone grants it. A zone that refused is asked again after `retry_s`.

    Args:
        retry_s: seconds for which a zone that refused is left alone.
    """

    source = "EC2 fleets, allocation strategy diversified"
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
        launches = ask(cluster, missing(cluster, nodes), zones, lambda zone, taken: (taken, price[zone], zone))
        return [*launches, *surplus(cluster, nodes)]
