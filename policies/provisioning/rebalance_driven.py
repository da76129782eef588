"""Spot instances that are replaced at the hint, not at the notice."""

from collections.abc import Sequence

from cloudsim.cluster.placement import ask, at_least_0, missing, open_zones, spot, surplus
from cloudsim.contracts import ClusterView, Launch, Terminate


class RebalanceDriven:
    """Spread as `SpotSpread` does, but an instance with a rebalance hint does not count: its replacement is asked for at once.

    With `drain` the hinted instance is given back as soon as its pool has its target in instances that are ready and not hinted ("launch
    before terminate" of EC2's capacity rebalancing); else it serves until its notice, if one comes.

    Args:
        retry_s: seconds for which a zone that refused is left alone.
        drain: give hinted instances back once they are replaced.
    """

    source = "EC2's capacity rebalancing"
    observes = (
        "cluster.nodes", "cluster.now_s", "cluster.refused_s", "cluster.spot_price_usd_per_h", "cluster.targets", "cluster.zones",
        "node.hinted", "node.index", "node.market", "node.outstanding", "node.pool", "node.price_usd_per_h", "node.ready", "node.zone",
    )  # fmt: skip

    def __init__(self, retry_s: float, drain: bool) -> None:
        at_least_0("retry_s", retry_s)
        self._retry_s, self._drain = retry_s, drain

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """Launch what is missing, give back what is too much and what is replaced."""
        sound, price = [node for node in spot(cluster) if not node.hinted], cluster.spot_price_usd_per_h
        zones = open_zones(cluster, self._retry_s)
        launches = ask(cluster, missing(cluster, sound), zones, lambda zone, taken: (taken, price[zone], zone))
        lacking = set(missing(cluster, [node for node in sound if node.ready])) if self._drain else set(cluster.targets)
        replaced = [Terminate(node.index) for node in spot(cluster) if node.hinted and node.pool not in lacking]
        return [*launches, *surplus(cluster, sound), *replaced]
