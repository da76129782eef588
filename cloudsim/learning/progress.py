"""How far the training of a policy is, on a terminal and in its log."""

import json
import time
from contextlib import suppress
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
        before = _rows(self._log) if self._log.is_file() else []
        self._steps_before = before[-1]["steps"] if before else 0
        self._wall_s, self._cpu_s = time.perf_counter(), time.process_time()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def learnt(self, report: Report) -> None:
        """The learner goes on."""
        wall_s, cpu_s = time.perf_counter() - self._wall_s, time.process_time() - self._cpu_s
        self._wall_s, self._cpu_s = self._wall_s + wall_s, self._cpu_s + cpu_s
        speed = (report.steps - self._steps_before) / max(wall_s, 1e-9)
        self._steps_before = report.steps
        reward = None if report.reward != report.reward else round(report.reward, 3)
        row = {"steps": report.steps, "episodes": report.episodes, "reward": reward, "wall_s": round(wall_s, 3), "cpu_s": round(cpu_s, 3)}
        with self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        facts = f"reward {'–' if reward is None else f'{reward:,.1f}'}, {speed:,.0f} steps/s"
        self._bars.update(self._bar, completed=min(report.steps, self._steps), facts=facts)

    def spent(self) -> dict[str, float]:
        """Steps, episodes, and seconds of the clock and of the CPU, over all sessions whose reports are in the log."""
        rows = _rows(self._log)
        seconds = {name: round(sum(row[name] for row in rows), 1) for name in ("wall_s", "cpu_s")}
        return {"steps": rows[-1]["steps"], "episodes": rows[-1]["episodes"], **seconds}

    def played(self, name: str) -> None:
        """A policy of the comparison was played."""
        self._bars.update(self._bar, description="comparing", facts=name)


def _rows(log: Path) -> list[dict[str, float]]:
    rows = []
    for line in log.read_text(encoding="utf-8").splitlines():
        with suppress(ValueError):  # the half line of a killed process
            rows.append(json.loads(line))
    return rows
