"""One point of the frontier: a method at a budget on a split; measured once, and kept with a key of everything it depends on."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cloudsim.l2a.evaluation.bench import Bench
from cloudsim.l2a.evaluation.catalog import method
from cloudsim.l2a.evaluation.config import EvaluationConfig
from cloudsim.l2a.weights_folder import DENSE, WeightsFolder

FORMAT = 1
"""Raised when the meaning of a record or of a problem changes."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Args: method: its name. budget: scalar. split: name of the suite."""

    method: str
    budget: float
    split: str


@dataclass(frozen=True, slots=True)
class Preparation:
    """A search on the calibration problems, for all budgets of a method at once."""

    method: str
    budgets: tuple[float, ...]


@dataclass(frozen=True)
class Cabinet:
    """Where cells and settings lie in the folder of an evaluation, each under the key of what it depends on."""

    folder: Path
    config: EvaluationConfig
    weights: WeightsFolder

    def cell(self, cell: Cell, setting: Mapping[str, Any] | None) -> Path:
        """The file of a cell's records."""
        asked = {**asdict(cell), "setting": setting, "problems": self.config.problems, "seed": self.config.seed}
        name = f"{cell.method}-{cell.split}-{round(100 * cell.budget)}-{self._key(cell.method, [cell.budget], asked)}"
        return self.folder / "cells" / f"{name}.parquet"

    def settings(self, preparation: Preparation) -> Path:
        """The file of what a search found."""
        asked = {**asdict(preparation), "calibration": self.config.calibration, "seed": self.config.seed}
        return self.folder / "settings" / f"{preparation.method}-{self._key(preparation.method, preparation.budgets, asked)}.json"

    def bench(self) -> Bench:
        """The models and calibration problems."""
        return Bench(self.weights, self.config.calibration, self.config.seed, self.config.tokens)

    def _key(self, name: str, budgets: Iterable[float], asked: Mapping[str, Any]) -> str:
        chosen = method(name)
        sources = {source for budget in budgets for source in chosen.sources(self.weights, budget)}
        digest = self.weights.digest(self.weights.parts[DENSE], *sorted(sources))
        whole = {**asked, "weights": digest, "tokens": self.config.tokens, "version": chosen.version, "format": FORMAT}
        return sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]


def prepare(cabinet: Cabinet, bench: Bench, preparation: Preparation) -> None:
    """Search, and keep what was found."""
    found = method(preparation.method).prepare(bench, preparation.budgets)
    path = cabinet.settings(preparation)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps({str(budget): setting for budget, setting in found.items()}, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def measure(cabinet: Cabinet, bench: Bench, cell: Cell, setting: Mapping[str, Any] | None) -> int:
    """Answer the problems of a cell and keep the records; returns their number."""
    from cloudsim.l2a.evaluation.records import frame, write
    from cloudsim.l2a.forcing import by_length
    from cloudsim.l2a.tasks.suite import suite

    config = cabinet.config
    questions = suite(cell.split, config.problems, config.seed, bench.effort)
    contender = method(cell.method).contender(bench, cell.budget, setting)
    records = []
    for numbers in by_length(questions, config.batch):
        records += contender.records([questions[number] for number in numbers], numbers)
    table = frame(sorted(records, key=lambda record: record.problem))
    write(table, cabinet.cell(cell, setting))
    return len(table)
