"""Instances that are never taken back."""

from collections import Counter
from collections.abc import Sequence

from cloudsim.contracts import ClusterView, Launch, Terminate


class OnDemand:
    """Keeps every pool at its target with on-demand instances, spread over the zones."""

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """Launch what is missing."""
        have = Counter(node.pool for node in cluster.nodes)
        zones = list(cluster.zones)
        missing = [pool for pool, target in cluster.targets.items() for _ in range(target - have[pool])]
        return [Launch(pool, "on_demand", [zones[at % len(zones)]]) for at, pool in enumerate(missing, len(cluster.nodes))]
