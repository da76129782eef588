"""How far the training of a policy is, on a terminal and in its log."""

import json
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cloudsim.learning.learner import Report

if TYPE_CHECKING:
    from rich.console import Console

LOG = "log.jsonl"


class LearningProgress:
    """A context manager that shows reports and writes each as a line of the log.

    Args:
        folder: of the training.
        steps: decisions it is to take.
    """

    def __init__(self, folder: Path, steps: int, console: "Console | None" = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        self._log, self._steps = folder / LOG, steps
        self._console = console or Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[facts]}"),
            TimeRemainingColumn(),
        )
        self._bars = Bars(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)
        self._bar = self._bars.add_task("training", total=steps, facts="")
        self._last: Report | None = None
        self._last_s = time.perf_counter()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def learnt(self, report: Report) -> None:
        """The learner goes on."""
        now_s = time.perf_counter()
        before = self._last.steps if self._last is not None else 0
        speed = (report.steps - before) / max(now_s - self._last_s, 1e-9)
        self._last, self._last_s = report, now_s
        reward = None if report.reward != report.reward else round(report.reward, 3)
        row = {"steps": report.steps, "episodes": report.episodes, "reward": reward, "steps_per_s": round(speed, 1)}
        with self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        facts = f"reward {'–' if reward is None else f'{reward:,.1f}'}, {speed:,.0f} steps/s"
        self._bars.update(self._bar, completed=min(report.steps, self._steps), facts=facts)

    def played(self, name: str) -> None:
        """A policy of the comparison was played."""
        self._bars.update(self._bar, description="comparing", facts=name)
