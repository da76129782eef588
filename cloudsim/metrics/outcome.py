"""From what was recorded to the result tables: latencies at the client, right answers, the SLA, and where the time went."""

from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.cluster.bill import CLASSES
from cloudsim.cluster.fleet import Fleet
from cloudsim.cluster.pool import Pool
from cloudsim.cluster.timeline import FIELDS, Timeline
from cloudsim.config import RunConfig
from cloudsim.errors import SimulationError
from cloudsim.metrics.recorder import STATUS_CODES, Recorder
from cloudsim.metrics.tables import STATUSES
from cloudsim.metrics.words import Words, encode
from cloudsim.models.quality import fit_threshold, success
from cloudsim.workload import Workload

COMPLETED, UNFINISHED = STATUS_CODES["completed"], STATUS_CODES["unfinished"]


def request_table(config: RunConfig, workload: Workload, pools: list[Pool], recorder: Recorder) -> dict[str, Any]:
    """The requests of a run in order of arrival."""
    noted, trace = recorder.columns(), workload.trace
    if not np.array_equal(noted["request"], np.arange(len(workload))):
        raise SimulationError("a request ended twice or not at all")
    status, arrival = noted["status"], trace.arrival_s
    served, completed = noted["level"] >= 0, status == COMPLETED
    overhead = config.engine.request_overhead_s
    first = np.where(noted["first_token_s"] >= 0, noted["first_token_s"] + overhead, nan)
    done = np.where(status == UNFINISHED, nan, noted["done_s"] + np.where(completed, overhead, 0.0))
    output, generated = noted["output_tokens"], noted["generated_tokens"]
    tiers = list(config.tiers.values())
    ttft_limit, tpot_limit, e2e_limit = (
        np.array([getattr(tier, name) for tier in tiers])[workload.tier] for name in ("ttft_s", "tpot_s", "e2e_s")
    )
    tpot = (done - first) / np.maximum(output - 1, 1)
    with np.errstate(invalid="ignore"):
        met = completed & (first - arrival <= ttft_limit) & ((tpot <= tpot_limit) | (output == 1)) & (done - arrival <= e2e_limit)
    shares = _level_shares(pools, noted)
    right = workload.luck < success(_thresholds(config, pools, noted), workload.difficulty)
    return {
        "request": noted["request"],
        "tier": Words(workload.tier, tuple(config.tiers)),
        "status": Words(status, STATUSES),
        "reason": Words(noted["reason"], tuple(recorder.reasons)),
        "arrival_s": arrival,
        "dispatched_s": np.where(noted["dispatched_s"] >= 0, noted["dispatched_s"], nan),
        "first_token_s": first,
        "done_s": done,
        "input_tokens": trace.input_tokens.astype(np.int32),
        "output_tokens": output,
        "generated_tokens": generated,
        "difficulty": workload.difficulty.astype(np.float32),
        "model": Words(np.where(served, noted["pool"], len(pools)), (*(pool.model.name for pool in pools), "")),
        "node": noted["node"],
        **{name: np.where(served, values, nan).astype(np.float32) for name, values in shares.items()},
        "correct": np.where(completed, right, -1).astype(np.int8),
        "met_sla": met.astype(np.int8),
        "preempted": noted["preempted"],
        "retries": noted["retries"],
        "migrations": noted["migrations"],
        "gpu_s": noted["gpu_s"],
        "lost_gpu_s": noted["lost_gpu_s"],
    }


def _by_level(pools: list[Pool], noted: dict[str, NDArray[Any]], values: list[list[float]], level: str) -> NDArray[np.float64]:
    """values[pool][level] for each request."""
    table = np.full((len(pools), max(len(row) for row in values)), nan)
    for at, row in enumerate(values):
        table[at, : len(row)] = row
    return np.asarray(table[np.maximum(noted["pool"], 0), np.maximum(noted[level], 0)])


def _level_shares(pools: list[Pool], noted: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
    def shares(field: str, level: str) -> NDArray[np.float64]:
        return _by_level(pools, noted, [[getattr(row, field) for row in pool.profile.levels] for pool in pools], level)

    return {
        "budget": shares("budget", "level"),
        "depth": shares("depth", "level"),
        "width": shares("width", "level"),
        "tokens": shares("tokens", "token_level"),
    }


def _thresholds(config: RunConfig, pools: list[Pool], noted: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
    """θ of the success curve for each request: its model's, at the leaner of its two levels."""
    settings = config.workload
    fitted = [
        [
            fit_threshold(pool.model.score(config.family.task) * level.quality, settings.difficulty_alpha, settings.difficulty_beta)
            for level in pool.profile.levels
        ]
        for pool in pools
    ]
    leaner = {"pool": noted["pool"], "leaner": np.maximum(noted["level"], noted["token_level"])}
    return _by_level(pools, leaner, fitted, "leaner")


def node_table(fleet: Fleet) -> dict[str, Any]:
    """The nodes of a run in the order they were granted."""
    nodes = fleet.nodes
    bills = [node.bill() for node in nodes]

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
    for at, name in enumerate(CLASSES):
        table[f"{name}_gpu_s"] = np.array([bill.gpu_s[at] for bill in bills], dtype="float64")
        table[f"{name}_usd"] = np.array([bill.usd[at] for bill in bills], dtype="float64")
    table["billed_gpu_s"] = np.array([bill.total_gpu_s for bill in bills], dtype="float64")
    table["cost_usd"] = np.array([bill.total_usd for bill in bills], dtype="float64")
    return table


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
        "spot_price_usd_per_h": sampled["spot_price_usd_per_h"],
        "spent_usd": sampled["spent_usd"],
    }
