"""Spot instances as long as they are cheap enough."""

from collections.abc import Sequence

from cloudsim.cluster.placement import ask, at_least_0, missing, open_zones, spot, surplus
from cloudsim.contracts import ClusterView, Launch, Terminate


class PriceCap:
    """A bid: spot instances only where they cost at most a share of the on-demand price, the cheapest zone first.

    An instance whose zone has become dearer is given back, as a bid below the market price would have lost it on EC2 until 2017; it may
    finish its requests. Nothing stands in for what no zone sells at the bid.

    Args:
        cap: highest price, as a share of the on-demand price, above 0.
        retry_s: seconds for which a zone that refused is left alone.
    """

    source = "EC2 spot bids until 2017"
    observes = (
        "cluster.nodes", "cluster.now_s", "cluster.on_demand_usd_per_h", "cluster.refused_s", "cluster.spot_price_usd_per_h",
        "cluster.targets", "cluster.zones", "node.hinted", "node.index", "node.market", "node.outstanding", "node.pool",
        "node.price_usd_per_h", "node.ready", "node.zone",
    )  # fmt: skip

    def __init__(self, cap: float, retry_s: float) -> None:
        if not cap > 0:
            raise ValueError(f"cap is {cap}; it must be above 0")
        at_least_0("retry_s", retry_s)
        self._cap, self._retry_s = cap, retry_s

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """Give back what is too dear or too much, launch what is missing where the price is right."""
        most, price = self._cap * cluster.on_demand_usd_per_h, cluster.spot_price_usd_per_h
        kept = [node for node in spot(cluster) if price[node.zone] <= most]
        outbid = [Terminate(node.index) for node in spot(cluster) if price[node.zone] > most]
        zones = [zone for zone in open_zones(cluster, self._retry_s) if price[zone] <= most]
        launches = ask(cluster, missing(cluster, kept), zones, lambda zone, taken: (price[zone], zone))
        return [*outbid, *launches, *surplus(cluster, kept)]
