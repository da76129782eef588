"""The tables of a run besides its requests: nodes, what happened to their hardware, and the timeline; and the energy of requests."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.cluster.bill import CLASSES, USD_CLASSES, divide
from cloudsim.cluster.fleet import Fleet
from cloudsim.cluster.shrinking import Shrinking
from cloudsim.cluster.timeline import FIELDS, Timeline
from cloudsim.metrics.recorder import STATUS_CODES
from cloudsim.metrics.request_table import RequestTable
from cloudsim.metrics.tables import CHANGES
from cloudsim.metrics.words import columns_of, encode

COMPLETED = STATUS_CODES["completed"]


def energy_columns(fleet: Fleet) -> dict[str, tuple[str, NDArray[np.float64]]]:
    """Energy and carbon of requests from their GPU-seconds, for `RequestTable.finish`.

    A node that took no step has the mean of the others, for requests that had worked elsewhere.
    """
    nodes = fleet.nodes
    drawn, carbon = (np.array([getattr(node, name) for node in nodes], dtype=np.float64) for name in ("energy_j", "carbon_g"))
    step_w = np.array([node.step_w for node in nodes], dtype=np.float64)
    worked = step_w > 0
    power = np.append(np.where(worked, step_w, step_w[worked].mean() if worked.any() else 0.0), 0.0)
    mean_g_per_j = carbon.sum() / drawn.sum() if drawn.sum() else 0.0
    g_per_j = np.append(np.divide(carbon, drawn, out=np.full(len(nodes), mean_g_per_j), where=drawn > 0), 0.0)
    return {"energy_j": ("gpu_s", power), "carbon_g": ("energy_j", g_per_j)}


def node_table(fleet: Fleet) -> dict[str, Any]:
    """The nodes of a run in the order they were granted."""
    nodes = fleet.nodes
    bills = [divide(node) for node in nodes]

    def number(name: str, kind: str = "float64") -> NDArray[Any]:
        return np.array([getattr(node, name) for node in nodes], dtype=kind)

    table: dict[str, Any] = {"node": number("index", "int32")}
    for name in ("pool", "model"):
        table[name] = encode([getattr(node, name) for node in nodes])
    table["instance"] = encode([node.instance.name for node in nodes])
    table["gpus"] = np.array([node.instance.gpus for node in nodes], dtype="int16")
    for name in ("zone", "market"):
        table[name] = encode([getattr(node, name) for node in nodes])
    for name in ("requested_s", "billed_from_s", "ready_s", "hinted_s", "noticed_s", "ended_s"):
        table[name] = number(name)
    table["end_reason"] = encode([node.end_reason for node in nodes])
    table["crashes"] = np.array([len(node.crashed) for node in nodes], dtype="int32")
    for at, name in enumerate(CLASSES):
        table[f"{name}_gpu_s"] = np.array([bill.gpu_s[at] for bill in bills], dtype="float64")
    for at, name in enumerate(USD_CLASSES):
        table[f"{name}_usd"] = np.array([bill.usd[at] for bill in bills], dtype="float64")
    table["billed_gpu_s"] = np.array([bill.total_gpu_s for bill in bills], dtype="float64")
    table["energy_j"], table["carbon_g"] = number("energy_j"), number("carbon_g")
    table["cost_usd"] = np.array([bill.total_usd for bill in bills], dtype="float64")
    return table


def change_table(shrinking: Shrinking) -> dict[str, Any]:
    """What happened to the hardware under the replicas, in order."""
    return columns_of(shrinking.rows, CHANGES[2:])


def timeline_table(requests: RequestTable, timeline: Timeline) -> dict[str, Any]:
    """One row an interval: what was sampled at its end and what happened in it."""
    sampled = {name: np.array([row[at] for row in timeline.rows]) for at, name in enumerate(FIELDS)}
    edges = np.concatenate([[0.0], sampled["time_s"]])

    def count(times: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.histogram(times[np.isfinite(times)], edges)[0].astype(np.int64)

    counts = {name: np.zeros(len(timeline.rows), dtype=np.int64) for name in ("arrived", "completed", "met_sla", "missed", "dispatched")}
    given = np.zeros(len(timeline.rows))
    for rows in requests.parts(("arrival_s", "done_s", "met_sla", "dispatched_s", "budget", "status")):
        done, met, dispatched = rows["done_s"], rows["met_sla"] == 1, rows["dispatched_s"]
        counts["arrived"] += count(rows["arrival_s"])
        counts["completed"] += count(done[rows["status"].codes == COMPLETED])
        counts["met_sla"] += count(done[met])
        counts["missed"] += count(done[~met])
        counts["dispatched"] += count(dispatched)
        known = np.isfinite(dispatched)
        given += np.histogram(dispatched[known], edges, weights=rows["budget"][known])[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_budget = given / counts.pop("dispatched")
    return {
        "time_s": sampled["time_s"],
        **counts,
        **{name: sampled[name].astype(np.int64) for name in ("pending", "waiting", "running")},
        "kv_used": sampled["kv_used"],
        "budget": mean_budget,
        **{name: sampled[name].astype(np.int64) for name in ("starting", "ready", "noticed")},
        "resident": sampled["resident"],
        "spot_price_usd_per_h": sampled["spot_price_usd_per_h"],
        "spent_usd": sampled["spent_usd"],
    }
