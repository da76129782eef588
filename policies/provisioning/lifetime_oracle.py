"""Spot instances where they will live longest."""

from collections.abc import Sequence

from cloudsim.cluster.placement import ask, at_least_0, missing, open_zones, spot, surplus
from cloudsim.contracts import ClusterView, Foresight, Launch, Terminate
from cloudsim.estimators.preemption import KnownLifetime


class LifetimeOracle:
    """Knows the market: asks for a missing instance where the next one beyond those held will live longest, the cheapest of equals.

    What `AvailabilityLearning` could reach if it knew how long an instance lives; it does not plan ahead (`MilpBound` does).

    Args:
        retry_s: seconds for which a zone that refused is left alone.
    """

    source = "ours, a bound"
    observes = (
        "cluster.nodes", "cluster.now_s", "cluster.refused_s", "cluster.spot_price_usd_per_h", "cluster.targets", "cluster.zones",
        "node.hinted", "node.index", "node.market", "node.outstanding", "node.pool", "node.price_usd_per_h", "node.ready", "node.zone",
    )  # fmt: skip
    oracle = ("market",)

    def __init__(self, retry_s: float) -> None:
        at_least_0("retry_s", retry_s)
        self._retry_s = retry_s
        self._lifetime = KnownLifetime({})

    def foresee(self, foresight: Foresight) -> None:
        """Told the market before the run."""
        self._lifetime = KnownLifetime(foresight.market)

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """Launch what is missing where it lives longest, give back what is too much."""
        nodes, price, now_s = spot(cluster), cluster.spot_price_usd_per_h, cluster.now_s
        lifetime, zones = self._lifetime, open_zones(cluster, self._retry_s)
        launches = ask(
            cluster, missing(cluster, nodes), zones, lambda zone, taken: (-lifetime.left_s(zone, now_s, taken + 1), price[zone], zone)
        )  # fmt: skip
        return [*launches, *surplus(cluster, nodes)]
