"""A band of the replicas for each tier: so strict promises are not kept waiting by batches that nobody hurries."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import ceil, floor

from cloudsim.config import TierConfig
from cloudsim.contracts import FleetView, ReplicaView, RequestView


class TierBands:
    """The ready replicas stand in a row, and each tier has a band of it; the least outstanding replica of its band serves a request.

    A step takes as long for one member of a batch as for all, so where tiers share replicas the strictest one sets the pace of all. Apart,
    a weight above 1 gives a tier smaller batches than its share of the requests would. Elastic models gain twice: strict tiers get lean
    budgets, and a batch reads the layers of its deepest member. The row is that of `fleet.ready`, the bands follow its length, and the
    replica on a border serves both sides. It is made for fleets of one model: which pool a replica belongs to does not matter to it.

    Args:
        weights: width of each tier's band over its share of the requests, in the order of the configuration; the last one stands for any
            further tier.
        slack: a band is left for the least outstanding replica of all when its own has more than `slack` times as many requests and
        slack_requests: this many more.
    """

    source = "ours"
    observes = ("fleet.ready", "fleet.tiers", "replica.outstanding", "request.tier")

    def __init__(self, weights: Sequence[float], slack: float, slack_requests: float) -> None:
        if not weights or min(weights) <= 0:
            raise ValueError(f"weights is {list(weights)}; it needs at least one number, all above 0")
        if slack < 1 or slack_requests < 0:
            raise ValueError(f"slack is {slack} and slack_requests {slack_requests}; they must be at least 1 and 0")
        self._weights, self._slack, self._slack_requests = list(weights), slack, slack_requests
        self._bands: list[tuple[float, float]] = []

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView:
        """The least outstanding replica of the tier's band, or of all where the band is too busy."""
        ready = fleet.ready
        if not self._bands:
            # Once: the tiers of a run stay, and this would cost as much as the choice itself.
            self._bands = self._cut(fleet.tiers)
        low, high = self._bands[request.tier]
        # Rounded, since a border between two replicas is on neither of them; and a band, however narrow, has one.
        first = min(floor(round(low * len(ready), 9)), len(ready) - 1)
        end = max(ceil(round(high * len(ready), 9)), first + 1)
        outstanding = [replica.outstanding for replica in ready]
        chosen, least = min(outstanding[first:end]), min(outstanding)
        if chosen <= self._slack * least + self._slack_requests:
            return ready[outstanding.index(chosen, first)]
        return ready[outstanding.index(least)]

    def _cut(self, tiers: Sequence[TierConfig]) -> list[tuple[float, float]]:
        """Where each tier's band begins and ends, as shares of the row."""
        last = len(self._weights) - 1
        widths = [tier.share * self._weights[min(index, last)] for index, tier in enumerate(tiers)]
        ends = [width / sum(widths) for width in accumulate(widths)]
        return list(pairwise([0.0, *ends]))
