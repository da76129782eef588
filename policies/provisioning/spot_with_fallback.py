"""Spot instances with more than is needed, and on-demand ones while spot is short."""

from collections import Counter
from collections.abc import Sequence

from cloudsim.contracts import ClusterView, Launch, Terminate
from policies.provisioning.spot_spread import SpotSpread


class SpotWithFallback:
    """Over-provisions spot and bridges shortages with on-demand instances.

    The rule of SpotHedge (arXiv 2411.01438), simplified: spot instances up to target + `extra` for each pool, spread as `SpotSpread` does;
    on-demand ones for what ready spot instances lack to the target; surplus on-demand ones are given back once spot is ready.

    Args:
        extra: spot instances beyond the target, for each pool.
        retry_s, replace_on_hint: as in `SpotSpread`.
    """

    def __init__(self, extra: int, retry_s: float, replace_on_hint: bool) -> None:
        if extra < 0:
            raise ValueError(f"extra is {extra}; it must be at least 0")
        self._extra, self._replace_on_hint, self._spread = extra, replace_on_hint, SpotSpread(retry_s, replace_on_hint)

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """Launch the missing spot, then bridge with on-demand, then give back what is no longer needed."""
        have = Counter(node.pool for node in cluster.nodes if node.market == "spot" and not (self._replace_on_hint and node.hinted))
        ready = Counter(node.pool for node in cluster.nodes if node.market == "spot" and node.ready)
        missing = [pool for pool, target in cluster.targets.items() if target for _ in range(target + self._extra - have[pool])]
        decisions = self._spread.spread(missing, cluster)
        for pool, target in cluster.targets.items():
            bridging = [node for node in cluster.nodes if node.market == "on_demand" and node.pool == pool]
            short = target - min(target, have[pool] if cluster.now_s == 0 else ready[pool])
            decisions += [Launch(pool, "on_demand", [cluster.zones[0]]) for _ in range(short - len(bridging))]
            decisions += [Terminate(node.index) for node in bridging[short:]]
        return decisions
