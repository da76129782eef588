"""A made-up but plausible run folder: the tables, summary, configuration and manifest that a real run would leave."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from cloudsim import results
from cloudsim.metrics.statistics import summarise
from cloudsim.parquet import TABLES

TIERS = {
    "premium": {"share": 0.2, "ttft_s": 1.0, "tpot_s": 0.05, "e2e_s": 20.0},
    "standard": {"share": 0.5, "ttft_s": 3.0, "tpot_s": 0.1, "e2e_s": 60.0},
    "free": {"share": 0.3, "ttft_s": 10.0, "tpot_s": 0.2, "e2e_s": 180.0},
}
SPEEDS = {"l2a": 1.35, "static_dense": 0.8, "static_small": 2.2, "static_multi_model": 1.2, "on_demand": 1.1}
RIGHT = {"l2a": 0.46, "static_dense": 0.485, "static_small": 0.3, "static_multi_model": 0.41, "on_demand": 0.485}
ZONES = [f"{region}{letter}" for region in ("us-east-1", "us-west-2", "eu-central-1") for letter in "abc"]


@dataclass
class FakeRunFolder:
    """What `cloudsim.results.load` gives, held in memory."""

    path: Path
    manifest: dict
    summary: dict
    config: dict
    requests: pd.DataFrame
    nodes: pd.DataFrame
    timeline: pd.DataFrame
    changes: pd.DataFrame
    decisions: pd.DataFrame

    def request_parts(self, contender, columns):
        """In parts of odd length, so that sums over parts are put to the test."""
        mine = self.requests.loc[self.requests["contender"] == contender, list(columns)]
        return (mine.iloc[first : first + 257] for first in range(0, len(mine), 257))


def run_folder(contenders=tuple(SPEEDS), replications=3, requests=2000, duration_s=7200.0, seed=0, dead=(), tiers=TIERS):
    """The run of `contenders`; those in `dead` never complete a request. `requests` is the number of each run."""
    parts = {name: [] for name in TABLES}
    for replication in range(replications):
        arrival = np.sort(np.random.default_rng([seed, replication]).uniform(0, duration_s, requests))
        for index, name in enumerate(contenders):
            rng = np.random.default_rng([seed, replication, index + 1])
            nodes = _nodes(rng, name, duration_s)
            table = _requests(rng, name, arrival, duration_s, name in dead, tiers)
            made = {
                "requests": table, "nodes": nodes, "timeline": _timeline(table, nodes, duration_s), "changes": _changes(nodes),
                "decisions": _decisions(table),
            }  # fmt: skip
            for key, frame in made.items():
                parts[key].append(frame.assign(contender=name, replication=replication))
    frames = {key: _typed(pd.concat(frames, ignore_index=True), TABLES[key]) for key, frames in parts.items()}
    return FakeRunFolder(Path("run"), _manifest(contenders, replications), _summary(frames, contenders, replications, tiers),
                         {"seed": seed, "seeds": replications, "duration_s": duration_s, "tiers": {k: dict(v) for k, v in tiers.items()}},
                         **frames)  # fmt: skip


def write(folder, path):
    """Leave `folder` on disk as `cloudsim.results.load` reads it."""
    path.mkdir(parents=True)
    for name in TABLES:
        getattr(folder, name).to_parquet(path / f"{name}.parquet")
    (path / results.SUMMARY).write_text(json.dumps(folder.summary))
    (path / results.CONFIG).write_text(yaml.safe_dump(folder.config, sort_keys=False))
    digests = {name: {"sha256": results.digest(path / name)} for name in results.DATA}
    (path / results.MANIFEST).write_text(json.dumps(folder.manifest | {"files": digests}))
    return path


def _typed(frame, columns):
    return frame[[column.name for column in columns]].astype({column.name: column.type for column in columns})


def _requests(rng, name, arrival, duration_s, dead, tiers):
    n = len(arrival)
    speed = SPEEDS.get(name, 1.0)
    tier = rng.choice(list(tiers), n, p=[t["share"] for t in tiers.values()])
    rush = 1 + 2.5 * np.exp(-(((arrival - 0.55 * duration_s) / (0.08 * duration_s)) ** 2))
    ttft = rng.lognormal(np.log(0.35 / speed), 0.7, n) * rush**2
    output = np.maximum(1, rng.lognormal(np.log(200), 0.8, n)).astype(int)
    tpot = rng.lognormal(np.log(0.035 / speed), 0.25, n) * rush**0.5
    done = arrival + ttft + tpot * (output - 1)
    status = rng.choice(["completed", "lost", "rejected"], n, p=[0, 0.7, 0.3] if dead else [0.985, 0.01, 0.005])
    status = np.where((done > duration_s + 300) & (status == "completed"), "unfinished", status)
    ended = np.where(status == "completed", done, np.where(status == "unfinished", np.nan, arrival + 5))
    completed = status == "completed"
    promise = {key: np.array([tiers[t][key] for t in tier]) for key in ("ttft_s", "tpot_s", "e2e_s")}
    met = completed & (ttft <= promise["ttft_s"]) & (tpot <= promise["tpot_s"]) & (done - arrival <= promise["e2e_s"])
    budget = np.clip(1.15 - 0.2 * rush + rng.normal(0, 0.05, n), 0.4, 1).round(1) if name == "l2a" else np.ones(n)
    got = np.where(completed, output, 0)
    return pd.DataFrame(
        {
            "request": np.arange(n), "tier": tier, "status": status, "reason": np.where(status == "lost", "reclaimed", ""),
            "arrival_s": arrival, "dispatched_s": np.where(status == "rejected", np.nan, arrival + 0.3 * ttft),
            "first_token_s": np.where(completed, arrival + ttft, np.nan), "done_s": ended, "input_tokens": 700,
            "output_tokens": output, "generated_tokens": got, "difficulty": rng.beta(2, 3, n), "model": "Qwen3-4B", "node": 0,
            "budget": np.where(status == "rejected", np.nan, budget), "depth": budget, "width": budget, "tokens": 1.0,
            "correct": np.where(completed, rng.random(n) < RIGHT.get(name, 0.4), -1).astype(int), "met_sla": met.astype(int),
            "preempted": (output % 7 == 0).astype(int),
            "retries": 0, "migrations": 0, "escalations": 0, "samples": 1, "cached_tokens": 0,
            "gpu_s": 1.0, "lost_gpu_s": 0.0, "energy_j": 300.0, "carbon_g": 0.03,
        }
    )  # fmt: skip


def _nodes(rng, name, duration_s):
    rows, spot, price = [], name != "on_demand", 1.0 if name != "on_demand" else 3.2
    for slot in range(8):
        time_s, zone = 0.0, ZONES[slot % len(ZONES)]
        while time_s < duration_s:
            life_s = rng.exponential(4000) + 300 if spot else np.inf
            end_s = min(time_s + life_s, duration_s + 300)
            ready_s = time_s + rng.uniform(150, 260) if time_s else 0.0
            taken = end_s < duration_s + 300
            starting, live = (max(0.0, min(ready_s, end_s) - time_s), max(0.0, end_s - ready_s))
            gpu_s = {"starting": starting, "useful": 0.6 * live, "lost": 0.05 * live * taken, "idle": live * (0.4 - 0.05 * taken)}
            rows.append(
                {
                    "node": len(rows), "pool": "main", "model": "Qwen3-4B", "instance": "g6.xlarge", "gpus": 1, "zone": zone,
                    "market": "spot" if spot else "on_demand", "requested_s": time_s, "billed_from_s": time_s,
                    "ready_s": ready_s if ready_s < end_s else np.nan, "hinted_s": np.nan,
                    "noticed_s": max(time_s, end_s - 120) if taken and rng.random() < 0.8 else np.nan, "ended_s": end_s,
                    "end_reason": "reclaimed" if taken else "horizon", "crashes": 0,
                    **{f"{kind}_gpu_s": value for kind, value in gpu_s.items()}, "billed_gpu_s": sum(gpu_s.values()),
                    **{f"{kind}_usd": value * price / 3600 for kind, value in gpu_s.items()},
                    "transfer_usd": 0.0, "cost_usd": sum(gpu_s.values()) * price / 3600, "energy_j": 300 * sum(gpu_s.values()),
                    "carbon_g": 0.03 * sum(gpu_s.values()),
                }
            )  # fmt: skip
            time_s, zone = (end_s + rng.uniform(20, 400), ZONES[int(rng.integers(len(ZONES)))])
    return pd.DataFrame(rows)


def _changes(nodes):
    """Memory is taken from the first node, so that it crashes and starts anew."""
    first = nodes[np.isfinite(nodes.ready_s)].iloc[0]
    return pd.DataFrame({
        "time_s": first.ready_s + np.array([1.0, 5.0, 9.0, 70.0]), "node": first.node, "place": 0,
        "change": ["shrunk", "crashed", "restarting", "restarted"], "gpus": [1, 0, 1, 1], "taken_share": [0.5, 0.9, 0.0, 0.0],
        "depth": [1.0, 0.0, 1.0, 1.0], "kv_tokens": [9000, 0, 20000, 20000], "takes_s": [0.0, 0.0, 61.0, 0.0],
    })  # fmt: skip


def _decisions(table):
    """Where the first requests went."""
    first = table.iloc[:20]
    return pd.DataFrame({
        "time_s": first.arrival_s.to_numpy(), "kind": "routing", "policy": "RoundRobin", "request": first.request.to_numpy(),
        "choice": "replica 0", "inputs": '{"fleet.ready": 1}', "alternatives": "[0]",
    })  # fmt: skip


def _timeline(table, nodes, duration_s, every_s=30.0):
    ends = np.arange(every_s, duration_s + 300 + every_s / 2, every_s)
    edges = np.concatenate([[0.0], ends])

    def happened(times, weights=None):
        return np.histogram(times, edges, weights=weights)[0]

    def present(starts, stops):
        return np.searchsorted(np.sort(starts), ends, "right") - np.searchsorted(np.sort(stops), ends, "right")

    over = table[np.isfinite(table.done_s)]
    ready = nodes[np.isfinite(nodes.ready_s)]
    started = table[np.isfinite(table.dispatched_s)]
    number = happened(started.dispatched_s)
    waiting = present(table.arrival_s, table.dispatched_s.fillna(table.done_s))
    running = present(started.dispatched_s, started.done_s.fillna(np.inf))
    noticed = nodes[np.isfinite(nodes.noticed_s)]
    live = (np.minimum(ends[:, None], nodes.ended_s.to_numpy()) - nodes.requested_s.to_numpy()).clip(0)
    rate = nodes.cost_usd.to_numpy() / np.maximum(1e-9, (nodes.ended_s - nodes.requested_s).to_numpy())
    return pd.DataFrame(
        {
            "time_s": ends, "arrived": happened(table.arrival_s), "completed": happened(over.done_s[over.status == "completed"]),
            "met_sla": happened(over.done_s, over.met_sla).astype(int), "missed": happened(over.done_s, 1 - over.met_sla).astype(int),
            "pending": waiting // 2, "waiting": waiting - waiting // 2, "running": running,
            "kv_used": np.clip(running / max(1, running.max()), 0, 1),
            "budget": np.where(number > 0, happened(started.dispatched_s, started.budget) / np.maximum(number, 1), np.nan),
            "starting": present(nodes.requested_s, nodes.ready_s.fillna(nodes.ended_s)), "ready": present(ready.ready_s, ready.ended_s),
            "noticed": present(noticed.noticed_s, noticed.ended_s), "resident": 1.0, "spot_price_usd_per_h": 1.0, "spent_usd": live @ rate,
        }
    )  # fmt: skip


def _metrics(requests, nodes, tiers):
    """Metrics of one run; NaN where there is no data."""
    completed = requests[requests.status == "completed"]
    met = requests.met_sla.sum()
    out = {"arrived": len(requests)} | {s: int((requests.status == s).sum()) for s in ("completed", "rejected", "lost", "unfinished")}
    out["sla_attainment"] = requests.met_sla.mean()
    for name in tiers:
        out[f"sla_attainment_{name}"] = requests.met_sla[requests.tier == name].mean()
    out |= {"goodput_rps": met / 7200, "quality": (completed.correct == 1).mean(), "cost_usd": nodes.cost_usd.sum()}
    out["cost_usd_per_1000_met"] = 1000 * nodes.cost_usd.sum() / met if met else np.nan
    latencies = {
        "ttft": completed.first_token_s - completed.arrival_s,
        "tpot": ((completed.done_s - completed.first_token_s) / (completed.output_tokens - 1))[completed.output_tokens > 1],
        "e2e": completed.done_s - completed.arrival_s,
    }
    out |= {f"{name}_p{p}_s": values.quantile(p / 100) for name, values in latencies.items() for p in (50, 90, 99)}
    out |= {
        "preemptions": int((nodes.end_reason == "reclaimed").sum()),
        "kv_preemptions": requests.preempted.sum(),
        "retried": 0,
        "budget_mean": requests.budget.mean(),
    }
    out |= {f"{kind}_usd": nodes[f"{kind}_usd"].sum() for kind in ("starting", "useful", "lost", "idle", "transfer")}
    return {key: float(value) for key, value in out.items()}


def _summary(frames, contenders, replications, tiers):
    runs = {}
    for name in contenders:
        requests, nodes = (frames[key][frames[key].contender == name] for key in ("requests", "nodes"))
        runs[name] = [_metrics(requests[requests.replication == r], nodes[nodes.replication == r], tiers) for r in range(replications)]
    return summarise(runs)


def _manifest(contenders, replications):
    return {
        "schema_version": results.SCHEMA_VERSION, "cloudsim_version": "0.1.0", "created": "2026-07-01T12:00:00+00:00",
        "python": "3.11.2", "platform": "Linux",
        "packages": {"numpy": "2.3.0", "simpy": "4.1.1"}, "seed": 0, "seeds": replications, "contenders": list(contenders),
        "inputs": [
            {"name": "traffic", "provenance": "published", "origin": "Azure LLM inference trace 2023, conversation", "sha256": "ab" * 32},
            {"name": "spot market", "provenance": "projected", "origin": "SkyNomad V100, laid over g6.xlarge", "sha256": None},
            {"name": "GPU latency", "provenance": "measured", "origin": "fit on one L4", "sha256": None},
        ],
        "weakest_provenance": "projected", "files": {},
    }  # fmt: skip
