"""From what was recorded to the result tables: latencies at the client, right answers, the SLA, and where the time went."""

from collections.abc import Iterator
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.cluster.bill import CLASSES, USD_CLASSES, divide
from cloudsim.cluster.fleet import Fleet
from cloudsim.cluster.pool import Pool
from cloudsim.cluster.shrinking import Shrinking
from cloudsim.cluster.timeline import FIELDS, Timeline
from cloudsim.config import RunConfig
from cloudsim.errors import SimulationError
from cloudsim.metrics.recorder import STATUS_CODES, Recorder
from cloudsim.metrics.tables import CHANGES, STATUSES
from cloudsim.metrics.words import Words, encode
from cloudsim.serving.answers import BLOCK, Answers
from cloudsim.workload import Workload

COMPLETED, UNFINISHED = STATUS_CODES["completed"], STATUS_CODES["unfinished"]


def request_table(
    config: RunConfig, workload: Workload, pools: list[Pool], recorder: Recorder, answers: Answers, fleet: Fleet
) -> dict[str, Any]:
    """The requests of a run in order of arrival."""
    noted, trace = recorder.columns(), workload.trace
    if not np.array_equal(noted["request"], np.arange(len(workload))):
        raise SimulationError("a request ended twice or not at all")
    status, pool, level = noted["status"], noted["pool"], noted["level"]
    engine, complete = config.engine, status == COMPLETED
    first, done = noted["first_token_s"], noted["done_s"]
    first[first < 0] = nan
    first += engine.request_overhead_s
    done[status == UNFINISHED] = nan
    done[complete] += engine.request_overhead_s + engine.token_overhead_s * (noted["output_tokens"][complete] - 1)
    np.fmax(done, first, out=done, where=status != UNFINISHED)  # one may be lost while its first token is on its way to the client
    dispatched = noted["dispatched_s"]
    dispatched[dispatched < 0] = nan
    realised = answers.realised(noted)
    return {
        "request": noted["request"],
        "tier": Words(workload.tier, tuple(config.tiers)),
        "status": Words(status, STATUSES),
        "reason": Words(noted["reason"], tuple(recorder.reasons)),
        "arrival_s": trace.arrival_s,
        "dispatched_s": dispatched,
        "first_token_s": first,
        "done_s": done,
        "input_tokens": trace.input_tokens.astype(np.int32),
        "output_tokens": realised.get("output_tokens", noted["output_tokens"]),
        "generated_tokens": noted["generated_tokens"],
        "difficulty": workload.difficulty.astype(np.float32),
        "model": Words(np.where(level >= 0, pool, len(pools)).astype(np.int8), (*(one.model.name for one in pools), "")),
        "node": noted["node"],
        "budget": _of_levels(pools, "budget")[pool, level],
        "depth": realised["depth"] if "depth" in realised else _of_levels(pools, "depth")[pool, level],
        "width": realised["width"] if "width" in realised else _of_levels(pools, "width")[pool, level],
        "tokens": _of_levels(pools, "tokens")[pool, noted["token_level"]],
        "correct": np.where(status == COMPLETED, answers.right(noted), -1).astype(np.int8),
        "met_sla": _met_sla(config, workload, noted),
        "preempted": noted["preempted"],
        "retries": noted["retries"],
        "migrations": noted["migrations"],
        "gpu_s": noted["gpu_s"],
        "lost_gpu_s": noted["lost_gpu_s"],
        **_energy(fleet, noted),
    }


def _energy(fleet: Fleet, noted: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
    """Energy and carbon of each request; a node that took no step has the mean of the others, for requests that had worked elsewhere."""
    nodes = fleet.nodes
    drawn, carbon = (np.array([getattr(node, name) for node in nodes], dtype=np.float64) for name in ("energy_j", "carbon_g"))
    step_w = np.array([node.step_w for node in nodes], dtype=np.float64)
    worked = step_w > 0
    power = np.append(np.where(worked, step_w, step_w[worked].mean() if worked.any() else 0.0), 0.0)
    mean_g_per_j = carbon.sum() / drawn.sum() if drawn.sum() else 0.0
    g_per_j = np.append(np.divide(carbon, drawn, out=np.full(len(nodes), mean_g_per_j), where=drawn > 0), 0.0)
    energy_j = noted["gpu_s"] * power[noted["node"]]
    return {"energy_j": energy_j, "carbon_g": energy_j * g_per_j[noted["node"]]}


def _blocks(count: int) -> Iterator[slice]:
    """Slices of a long table, so that what is computed on the way to a column never takes as much memory as the table."""
    return (slice(first, first + BLOCK) for first in range(0, count, BLOCK))


def _met_sla(config: RunConfig, workload: Workload, noted: dict[str, NDArray[Any]]) -> NDArray[np.int8]:
    """1 where a request was completed within the three targets of its tier."""
    tiers = list(config.tiers.values())
    ttft_s, tpot_s, e2e_s = (np.array([getattr(tier, name) for tier in tiers]) for name in ("ttft_s", "tpot_s", "e2e_s"))
    met = np.zeros(len(workload), dtype=np.int8)
    for rows in _blocks(len(workload)):
        tier, arrival, output = workload.tier[rows], workload.trace.arrival_s[rows], noted["output_tokens"][rows]
        first, done = noted["first_token_s"][rows], noted["done_s"][rows]
        tpot = (done - first) / np.maximum(output - 1, 1)
        in_time = (first - arrival <= ttft_s[tier]) & ((tpot <= tpot_s[tier]) | (output == 1)) & (done - arrival <= e2e_s[tier])
        met[rows] = in_time & (noted["status"][rows] == COMPLETED)
    return met


def _of_levels(pools: list[Pool], field: str) -> NDArray[np.float32]:
    return _table([[getattr(level, field) for level in pool.profile.levels] for pool in pools]).astype(np.float32)


def _table(values: list[list[float]]) -> NDArray[np.float64]:
    """values[pool][level] as an array whose last row and column are NaN: pool and level -1, of requests that never had a replica."""
    table = np.full((len(values) + 1, max(len(row) for row in values) + 1), nan)
    for at, row in enumerate(values):
        table[at, : len(row)] = row
    return table


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
    columns = dict(zip((column.name for column in CHANGES[2:]), zip(*shrinking.rows, strict=True), strict=True)) if shrinking.rows else {}
    return {
        column.name: encode(list(columns.get(column.name, ()))) if column.type == "category"
        else np.array(columns.get(column.name, ()), dtype=column.type)
        for column in CHANGES[2:]
    }  # fmt: skip


def timeline_table(config: RunConfig, workload: Workload, requests: dict[str, Any], timeline: Timeline) -> dict[str, Any]:
    """One row an interval: what was sampled at its end and what happened in it."""
    sampled = {name: np.array([row[at] for row in timeline.rows]) for at, name in enumerate(FIELDS)}
    edges = np.concatenate([[0.0], sampled["time_s"]])

    def count(times: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.histogram(times[np.isfinite(times)], edges)[0].astype(np.int64)

    done, met = requests["done_s"], requests["met_sla"] == 1
    dispatched, budget = requests["dispatched_s"], requests["budget"]
    known = np.isfinite(dispatched)
    given = np.histogram(dispatched[known], edges, weights=budget[known])[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_budget = given / count(dispatched)
    completed = requests["status"].codes == COMPLETED
    return {
        "time_s": sampled["time_s"],
        "arrived": count(workload.trace.arrival_s),
        "completed": count(done[completed]),
        "met_sla": count(done[met]),
        "missed": count(done[~met]),
        **{name: sampled[name].astype(np.int64) for name in ("pending", "waiting", "running")},
        "kv_used": sampled["kv_used"],
        "budget": mean_budget,
        **{name: sampled[name].astype(np.int64) for name in ("starting", "ready", "noticed")},
        "resident": sampled["resident"],
        "spot_price_usd_per_h": sampled["spot_price_usd_per_h"],
        "spent_usd": sampled["spent_usd"],
    }
