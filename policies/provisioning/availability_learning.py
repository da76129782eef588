"""Spot instances in the zones that have been found to grant and to keep them."""

from collections.abc import Sequence
from math import exp, log, sqrt

from cloudsim.cluster.placement import ask, at_least_0, missing, open_zones, spot, surplus
from cloudsim.contracts import ClusterView, Launch, Terminate, ZoneRecord
from cloudsim.estimators.preemption import LearnedLifetime


class AvailabilityLearning:
    """Learns of each zone whether it grants an instance and how long it keeps it, and asks the best first.

    A zone is worth the upper confidence bound of a grant times the probability that the instance lives for `horizon_s`, divided by one more
    than the fleet's instances there, so that they are not lost together. A grant is a Bernoulli trial with a Beta(1, 1) prior:
    (1 + grants) / (2 + tries) + explore · sqrt(ln(1 + all tries) / (1 + tries)), UCB1 of Auer et al. 2002 with its constant as an argument.
    Survival is exponential (`LearnedLifetime`). The combination is ours.

    Args:
        horizon_s: seconds that an instance should live, at least 0.
        explore: how far uncertainty speaks for a zone, at least 0.
        prior_life_s: mean lifetime believed at first, above 0. prior_losses: losses that this belief is worth, above 0.
        retry_s: seconds for which a zone that refused is left alone.
    """

    source = "ours, with UCB1 of Auer et al., Machine Learning 2002"
    observes = (
        "cluster.nodes", "cluster.now_s", "cluster.records", "cluster.refused_s", "cluster.spot_price_usd_per_h", "cluster.targets",
        "cluster.zones", "node.hinted", "node.index", "node.market", "node.outstanding", "node.pool", "node.price_usd_per_h",
        "node.ready", "node.zone", "record.grants", "record.held_s", "record.losses", "record.refusals",
    )  # fmt: skip

    def __init__(self, horizon_s: float, explore: float, prior_life_s: float, prior_losses: float, retry_s: float) -> None:
        for name, value in (("horizon_s", horizon_s), ("explore", explore), ("retry_s", retry_s)):
            at_least_0(name, value)
        self._horizon_s, self._explore, self._retry_s = horizon_s, explore, retry_s
        self._lifetime = LearnedLifetime(prior_life_s, prior_losses)

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """Launch what is missing in the best zones, give back what is too much."""
        tries = sum(record.grants + record.refusals for record in cluster.records.values())
        worth = {zone: self._worth(record, tries) for zone, record in cluster.records.items()}
        nodes, price = spot(cluster), cluster.spot_price_usd_per_h
        zones = open_zones(cluster, self._retry_s)
        launches = ask(cluster, missing(cluster, nodes), zones, lambda zone, taken: (-worth[zone] / (1 + taken), price[zone], zone))
        return [*launches, *surplus(cluster, nodes)]

    def _worth(self, record: ZoneRecord, all_tries: int) -> float:
        tries = record.grants + record.refusals
        grant = (1 + record.grants) / (2 + tries) + self._explore * sqrt(log(1 + all_tries) / (1 + tries))
        return grant * exp(-self._horizon_s * self._lifetime.rate_per_s(record))
