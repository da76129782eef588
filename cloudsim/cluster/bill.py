"""Where the money of one node went: every billed GPU-second is starting, useful, lost or idle."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloudsim.errors import SimulationError

if TYPE_CHECKING:
    from cloudsim.cluster.node import Node

CLASSES = ("starting", "useful", "lost", "idle")
"""Of GPU-seconds."""
USD_CLASSES = (*CLASSES, "transfer")
"""Of money: that of the GPU-seconds, and of what was sent to other zones."""


@dataclass(frozen=True, slots=True)
class Bill:
    """GPU-seconds and dollars by class; each adds up to its total.

    Args:
        gpu_s: one number for each of `CLASSES`. usd: one for each of `USD_CLASSES`.
    """

    gpu_s: tuple[float, float, float, float]
    usd: tuple[float, float, float, float, float]
    total_gpu_s: float
    total_usd: float


def divide(node: "Node") -> Bill:
    """The bill of `node`, which has ended.

    Time before it was ready is starting, and so is that of engines which start anew after a crash. Else time in steps is useful or lost (as
    its replicas say) and the rest is idle; the cost of that time is divided in proportion, since a price holds for all of it alike.
    """
    nothing = (0.0, 0.0, 0.0, 0.0)
    if node.billed_from_s != node.billed_from_s:
        return Bill(nothing, (*nothing, 0.0), 0.0, 0.0)
    gpus = node.instance.gpus
    ready_s = node.ready_s if node.ready_s == node.ready_s else node.ended_s
    starting = (ready_s - node.billed_from_s) * gpus
    serving = (node.ended_s - ready_s) * gpus
    replicas = [*node.replicas, *node.crashed]
    busy = sum(replica.busy_s * replica.gpus for replica in replicas)
    lost = sum(replica.lost_s * replica.gpus for replica in replicas)
    again = sum((min(one.until_s, node.ended_s) - one.from_s) * one.gpus for one in node.restarts)  # of one that is cut off too
    if not (lost <= busy * (1 + 1e-9) + 1e-6 and busy + again <= serving * (1 + 1e-9) + 1e-6):
        raise SimulationError(
            f"node {node.index}: {busy:g} busy, {lost:g} lost and {again:g} restarting GPU-seconds do not fit into {serving:g} billed ones"
        )
    lost = min(lost, busy)
    idle = max(0.0, serving - busy - again)
    starting_usd = node.price_usd(node.billed_from_s, ready_s)
    serving_usd = node.price_usd(ready_s, node.ended_s)
    rate = serving_usd / serving if serving > 0 else 0.0
    useful_usd, lost_usd, again_usd = (busy - lost) * rate, lost * rate, again * rate
    return Bill(
        (starting + again, busy - lost, lost, idle),
        (starting_usd + again_usd, useful_usd, lost_usd, serving_usd - useful_usd - lost_usd - again_usd, node.transfer_usd),
        starting + serving,
        starting_usd + serving_usd + node.transfer_usd,
    )
