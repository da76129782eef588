"""What the provisioning policies have in common: which zones may be asked, what is missing, and which instances are given back first."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cloudsim.contracts import ClusterView, Launch, NodeView, Terminate


def open_zones(cluster: ClusterView, retry_s: float) -> list[str]:
    """The zones, in order, but for those that have refused an instance in the last `retry_s` seconds."""
    return [zone for zone in cluster.zones if cluster.now_s - cluster.refused_s.get(zone, -retry_s - 1.0) >= retry_s]


def missing(cluster: ClusterView, counted: Iterable[NodeView], extra: int = 0) -> list[str]:
    """Each pool as often as `counted` lack instances to its target and, where it has one, `extra` more."""
    have = Counter(node.pool for node in counted)
    return [pool for pool, target in cluster.targets.items() for _ in range(target + (extra if target else 0) - have[pool])]


def surplus(cluster: ClusterView, counted: Iterable[NodeView], extra: int = 0) -> list[Terminate]:
    """Gives back what `counted` have beyond the targets and `extra`."""
    nodes = list(counted)
    return [
        given
        for pool, target in cluster.targets.items()
        for given in give_back([node for node in nodes if node.pool == pool], target + (extra if target else 0))
    ]


def give_back(nodes: Sequence[NodeView], keep: int) -> list[Terminate]:
    """Gives back all but `keep`: first the hinted, then those that still start, the least loaded, the dearest, the youngest."""
    if len(nodes) <= keep:
        return []
    order = sorted(nodes, key=lambda node: (not node.hinted, node.ready, node.outstanding, -node.price_usd_per_h, -node.index))
    return [Terminate(node.index) for node in order[: len(nodes) - max(keep, 0)]]


def ask(cluster: ClusterView, pools: Iterable[str], zones: Sequence[str], key: Callable[[str, int], Any]) -> list[Launch]:
    """One spot instance for each of `pools`, asked for in all `zones`, the least `key` first.

    Args:
        zones: those that may be asked; nothing is asked where there are none.
        key: of a zone and the number of the fleet's spot instances there, those just asked for included.
    """
    taken = Counter(node.zone for node in cluster.nodes if node.market == "spot")
    launches = []
    for pool in pools if zones else ():
        order = sorted(zones, key=lambda zone: key(zone, taken[zone]))
        taken[order[0]] += 1
        launches.append(Launch(pool, "spot", order))
    return launches


def spot(cluster: ClusterView) -> list[NodeView]:
    """Its spot instances."""
    return [node for node in cluster.nodes if node.market == "spot"]


def at_least_0(name: str, value: float) -> None:
    """ValueError if an argument is negative or no number."""
    if not value >= 0:
        raise ValueError(f"{name} is {value}; it must be at least 0")
