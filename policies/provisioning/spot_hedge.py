"""Spot instances in zones that have not failed of late, more of them than needed, and on-demand ones while they are short."""

from collections.abc import Sequence

from cloudsim.cluster.placement import at_least_0, give_back, missing, open_zones, spot, surplus
from cloudsim.contracts import ClusterView, Launch, Terminate


class SpotHedge:
    """The rule of SpotHedge (SkyServe, arXiv 2411.01438).

    - Dynamic placement: zones are active (Z_A, all at first) or preemptive (Z_P). A preemption or a refused launch makes a zone
      preemptive, an instance that becomes ready there makes it active again; with fewer than two active zones all are. The next spot
      instance goes to the cheapest active zone that has none of the fleet's, or if all have, to the cheapest active zone.
    - Over-provisioning: target + `extra` spot instances for each pool.
    - Dynamic fallback: min(target, target + extra - ready spot) on-demand instances, which are given back as spot becomes ready.

    Ours: a launch that is refused goes on to the next active zone in that order at once; a zone that refused is left alone for `retry_s`
    even where all have become active; on-demand instances, which are not spread, go to the first zone.

    Args:
        extra: N_Extra, spot instances beyond the target of each pool.
        retry_s: seconds for which a zone that refused is left alone.
    """

    source = "SpotHedge, SkyServe, arXiv 2411.01438"
    observes = (
        "cluster.nodes", "cluster.now_s", "cluster.records", "cluster.refused_s", "cluster.spot_price_usd_per_h", "cluster.targets",
        "cluster.zones", "node.hinted", "node.index", "node.market", "node.outstanding", "node.pool", "node.price_usd_per_h",
        "node.ready", "node.zone", "record.losses", "record.refusals",
    )  # fmt: skip

    def __init__(self, extra: int, retry_s: float) -> None:
        at_least_0("extra", extra)
        at_least_0("retry_s", retry_s)
        self._extra, self._retry_s = extra, retry_s
        self._preemptive: set[str] = set()  # Z_P
        self._failures: dict[str, int] = {}  # by zone, at the last plan
        self._ready: set[int] = set()  # spot instances that were ready at the last plan

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """Launch the missing spot, then bridge with on-demand, then give back what is no longer needed."""
        self._sort(cluster)
        nodes, price = spot(cluster), cluster.spot_price_usd_per_h
        used = {node.zone for node in nodes}
        active = [zone for zone in open_zones(cluster, self._retry_s) if zone not in self._preemptive]
        decisions: list[Launch | Terminate] = []
        for pool in missing(cluster, nodes, self._extra) if active else ():
            order = sorted(active, key=lambda zone: (zone in used, price[zone], zone))
            used.add(order[0])
            decisions.append(Launch(pool, "spot", order))
        for pool, target in cluster.targets.items():
            ready = sum(node.pool == pool and node.ready for node in nodes)
            wanted = min(target, max(0, target + self._extra - ready)) if target else 0
            bridging = [node for node in cluster.nodes if node.market == "on_demand" and node.pool == pool]
            decisions += [Launch(pool, "on_demand", [cluster.zones[0]]) for _ in range(wanted - len(bridging))]
            decisions += give_back(bridging, wanted)
        return [*decisions, *surplus(cluster, nodes, self._extra)]

    def _sort(self, cluster: ClusterView) -> None:
        """Bring Z_P up to date with what has happened since the last plan."""
        for node in spot(cluster):
            if node.ready and node.index not in self._ready:
                self._preemptive.discard(node.zone)
        self._ready = {node.index for node in spot(cluster) if node.ready}
        for zone, record in cluster.records.items():
            failures = record.losses + record.refusals
            if failures > self._failures.get(zone, 0):
                self._preemptive.add(zone)
            self._failures[zone] = failures
        if len(cluster.zones) - len(self._preemptive) < 2:
            self._preemptive.clear()
