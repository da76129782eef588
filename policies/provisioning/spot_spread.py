"""Spot instances, spread evenly over the zones."""

from collections import Counter
from collections.abc import Sequence

from cloudsim.contracts import ClusterView, Launch, Terminate


class SpotSpread:
    """Keeps every pool at its target with spot instances.

    Each missing instance is asked for in the zone that has the fewest of the fleet's instances, the cheapest of equals, then in the next
    one until a zone grants it. A zone that refused is asked again after `retry_s`.

    Args:
        retry_s: seconds for which a zone that refused is left alone.
        replace_on_hint: start a replacement as soon as a rebalance hint comes.
    """

    def __init__(self, retry_s: float, replace_on_hint: bool) -> None:
        if retry_s < 0:
            raise ValueError(f"retry_s is {retry_s}; it must be at least 0")
        self._retry_s, self._replace_on_hint = retry_s, replace_on_hint

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """Launch what is missing."""
        counted = [node for node in cluster.nodes if node.market == "spot" and not (self._replace_on_hint and node.hinted)]
        have = Counter(node.pool for node in counted)
        missing = [pool for pool, target in cluster.targets.items() for _ in range(target - have[pool])]
        return self.spread(missing, cluster)

    def spread(self, missing: Sequence[str], cluster: ClusterView) -> list[Launch | Terminate]:
        """One spot launch for each pool in `missing`."""
        taken = Counter(node.zone for node in cluster.nodes if node.market == "spot")
        price = cluster.spot_price_usd_per_h
        never = -self._retry_s - 1.0
        open_zones = [zone for zone in cluster.zones if cluster.now_s - cluster.refused_s.get(zone, never) >= self._retry_s]
        launches: list[Launch | Terminate] = []
        for pool in missing:
            zones = sorted(open_zones, key=lambda zone: (taken[zone], price[zone], zone))
            if not zones:
                break
            taken[zones[0]] += 1
            launches.append(Launch(pool, "spot", zones))
        return launches
