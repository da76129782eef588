"""The tuned contender, as a configuration entry and as overrides to paste."""

import json
from pathlib import Path

import yaml

from cloudsim.atomic_file import replace_text
from cloudsim.tuning.search import Found
from cloudsim.tuning.space import changed, value_at
from cloudsim.tuning.target import COST
from cloudsim.tuning.task import Task

BEST, CONFIG_DIR = "best.yaml", "conf"


def overrides(task: Task, found: Found) -> list[str]:
    """The words that set the best values in a contender of the same name; a list is given whole."""
    tuned = changed(task.contender, found.best.setting)
    words: dict[str, str] = {}
    for key in found.best.setting:
        parts = key.split(".")
        whole = ".".join(parts[: next((at for at, part in enumerate(parts) if part.isdigit()), len(parts))])
        words[whole] = f"contenders.{task.name}.{whole}={json.dumps(value_at(tuned, whole), separators=(',', ':'))}"
    return list(words.values())


def write_entry(task: Task, found: Found, folder: Path) -> Path:
    """Write `best.yaml` and the contender NAME_tuned, to be used with --config-dir; returns the folder for that."""
    said = _said(task, found)
    listed = yaml.safe_dump({"overrides": overrides(task, found)}, sort_keys=False, width=1000)
    replace_text(folder / BEST, f"# {said}\n{listed}")
    entry = folder / CONFIG_DIR / "contender" / f"{task.tuned_name}.yaml"
    entry.parent.mkdir(parents=True, exist_ok=True)
    tree = changed(task.contender, found.best.setting)
    replace_text(entry, f"# {said}\n{yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)}")
    return folder / CONFIG_DIR


def _said(task: Task, found: Found) -> str:
    first = found.target.objectives[0]
    gained = f"{first} {found.best.means[first]:.6g}, untuned {found.untuned.means[first]:.6g}"
    cost = f"{found.best.means[COST]:.4g} USD an hour of at most {found.cap_usd_per_h:.4g}"
    return f"Contender {task.name} tuned on calibration traces (seed {task.calibration.seed}): {gained}; {cost}."
