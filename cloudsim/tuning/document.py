"""All numbers of a search, as JSON and as a table of its trials."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from cloudsim import __version__
from cloudsim.results import RunFolder
from cloudsim.tuning.entry import overrides
from cloudsim.tuning.search import Found, Tried
from cloudsim.tuning.target import COST
from cloudsim.tuning.task import Task

SCHEMA_VERSION = 1
SHOWN = ("sla_attainment", "quality", "correct_goodput_rps", "cost_usd", "cost_usd_per_1000_met", "ttft_p99_s")
"""Metrics that are told of the evaluation, besides the objectives."""


def tune_json(task: Task, found: Found, evaluation: RunFolder) -> dict[str, Any]:
    """The document `tune.json`."""
    states = [one.state for one in found.trials]
    return {
        "schema_version": SCHEMA_VERSION,
        "cloudsim_version": __version__,
        "contender": task.name,
        "tuned": task.tuned_name,
        "objectives": [
            {"metric": name, "better": "higher" if raised else "lower"}
            for name, raised in zip(found.target.objectives, found.target.raised, strict=True)
        ],
        "cost_cap_usd_per_h": found.cap_usd_per_h,
        "calibration": _traces(task.calibration.seed, task.calibration.seeds, task.calibration.duration_s),
        "evaluation": {**_traces(task.evaluation.seed, task.evaluation.seeds, task.evaluation.duration_s), "run": str(evaluation.path)},
        "space": {"origin": task.space.origin, "parameters": {key: one.model_dump() for key, one in task.space.parameters.items()}},
        "trials": {state: states.count(state) for state in ("complete", "pruned", "failed")},
        "untuned": _tried_json(found.untuned),
        "best": _tried_json(found.best),
        "improved_in_calibration": found.best is not found.untuned,
        "front": [_tried_json(one) for one in found.front] if len(found.target.objectives) > 1 else None,
        "importances": found.importances,
        "overrides": overrides(task, found),
        "evaluated": evaluated(task, found, evaluation.summary),
        "weakest_provenance": evaluation.manifest["weakest_provenance"],
    }  # fmt: skip


def evaluated(task: Task, found: Found, summary: Mapping[str, Any]) -> dict[str, Any]:
    """By metric, untuned, tuned, and their paired difference on the evaluation traces."""
    before, after = (summary["contenders"][name] for name in (task.name, task.tuned_name))
    names = dict.fromkeys([*(name for name in found.target.objectives if name in after), *SHOWN])
    return {
        name: {"untuned": before[name]["mean"], "tuned": after[name]["mean"], "difference": after[name]["difference"]} for name in names
    }


def trials_csv(found: Found) -> str:
    """The table `trials.csv`: every setting that was tried, the untuned one first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    metrics = list(dict.fromkeys((*found.target.objectives, COST)))
    writer.writerow(["trial", "state", "feasible", "replications", *metrics, "ahead_of_untuned", *found.untuned.setting, "problem"])
    for one in (found.untuned, *found.trials):
        name = "untuned" if one is found.untuned else one.number
        means = [repr(one.means[metric]) if one.means else "" for metric in metrics]
        ahead = "" if one.ahead is None else repr(one.ahead)
        writer.writerow([name, one.state, one.feasible, one.replications, *means, ahead, *one.setting.values(), one.problem])
    return text.getvalue()


def _traces(seed: int, seeds: int, duration_s: float) -> dict[str, Any]:
    return {"seed": seed, "seeds": seeds, "duration_s": duration_s}


def _tried_json(one: Tried) -> dict[str, Any]:
    return {"trial": None if one.number < 0 else one.number, "setting": one.setting, **one.means, "feasible": one.feasible}
