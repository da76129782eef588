"""A whole evaluation: what is there to measure, what has been measured already, and the tables of it all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from cloudsim.l2a.evaluation.catalog import DENSE, SMALLER, method
from cloudsim.l2a.evaluation.cell import Cabinet, Cell, Preparation

if TYPE_CHECKING:
    import pandas as pd


class Watcher(Protocol):
    """Is told how far the evaluation is."""

    def begin(self, what: str, tasks: int) -> None:
        """A part with so many tasks begins."""
        ...

    def finished(self, task: str, problems: int) -> None:
        """A task is done, for which so many problems were answered."""
        ...


@dataclass
class Course:
    """Measures what is missing in the folder.

    Args:
        cabinet: models, options and folder.
        watcher: is told of the progress.

    Attributes:
        left_out: one line for each method, or budget of it, whose weights are absent.
    """

    cabinet: Cabinet
    watcher: Watcher
    left_out: list[str] = field(default_factory=list)

    def run(self) -> "dict[Cell, pd.DataFrame]":
        """The records of every cell that can be measured, in the order of the options."""
        from cloudsim.l2a.evaluation.records import read

        cells = self.cells()
        settings = self._settings(cells)
        paths = {cell: self.cabinet.cell(cell, settings.get((cell.method, cell.budget))) for cell in cells}
        # Long ones first, so that the processes end together.
        missing = sorted((cell for cell in cells if not paths[cell].is_file()), key=lambda cell: (-cell.budget, cell.method, cell.split))
        self._work([(cell, settings.get((cell.method, cell.budget))) for cell in missing], "answers")
        return {cell: read(paths[cell]) for cell in cells}

    def cells(self) -> list[Cell]:
        """What can be measured with the weights that are there."""
        config, weights = self.cabinet.config, self.cabinet.weights
        self.left_out = []
        cells = [Cell(DENSE, 1.0, split) for split in config.splits]
        for name in dict.fromkeys(name for name in config.methods if name != DENSE):
            chosen = method(name)
            budgets = [1.0] if name == SMALLER else config.budgets if chosen.elastic else config.baseline_budgets
            # Without a skip, a method that changes no weights is the dense model.
            budgets = [budget for budget in budgets if budget < 1 or chosen.full]
            why = {budget: chosen.missing(weights, budget) for budget in budgets}
            self.left_out += dict.fromkeys(f"{name}: {text}" for text in why.values() if text)
            cells += [Cell(name, budget, split) for budget in budgets if why[budget] is None for split in config.splits]
        return cells

    def _settings(self, cells: list[Cell]) -> dict[tuple[str, float], Mapping[str, Any]]:
        """What searches found, by method and budget; made where it is not there."""
        wanted = []
        for name in dict.fromkeys(cell.method for cell in cells):
            if method(name).searches:
                budgets = tuple(sorted({cell.budget for cell in cells if cell.method == name}, reverse=True))
                wanted.append(Preparation(name, budgets))
        self._work([(each, None) for each in wanted if not self.cabinet.settings(each).is_file()], "searches")
        found: dict[tuple[str, float], Mapping[str, Any]] = {}
        for each in wanted:
            kept = json.loads(self.cabinet.settings(each).read_text(encoding="utf-8"))
            found |= {(each.method, float(budget)): setting for budget, setting in kept.items()}
        return found

    def _work(self, tasks: list[Any], what: str) -> None:
        from cloudsim.l2a.evaluation.workers import work

        if not tasks:
            return
        self.watcher.begin(what, len(tasks))
        for (task, _), problems in work(self.cabinet, tasks, self.cabinet.config.processes):
            name = f"{task.method} b={task.budget:g} {task.split}" if isinstance(task, Cell) else f"{task.method} {what}"
            self.watcher.finished(name, problems)
