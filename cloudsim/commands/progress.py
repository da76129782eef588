"""Shows on standard error how far an experiment is: bars on a terminal, one short line a finished run elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from cloudsim.config import RunConfig
from cloudsim.experiment import Outcome, Task, tasks


class Progress:
    """A `Watcher` and a context manager: one bar for the experiment, one for each run under way.

    Args:
        title: of the experiment, where it is one of several.
    """

    def __init__(self, config: RunConfig, console: Console | None = None, title: str = "") -> None:
        self._title = f"{title}: " if title else ""
        self._console = console or Console(stderr=True)
        self._count = len(tasks(config))
        self._shares: dict[int, float] = {}
        self._bars: dict[int, TaskID] = {}
        self._requests, self._started_s = 0, time.perf_counter()
        self._shown = Bars(
            TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), TextColumn("{task.fields[rate]}"),
            console=self._console, transient=True, disable=not self._console.is_terminal,
        )  # fmt: skip
        self._whole = self._shown.add_task(f"{self._title}{self._count} runs", total=self._count, rate="")

    def __enter__(self) -> Self:
        self._shown.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._shown.stop()

    def moved(self, task: Task, share: float) -> None:
        """Move the bar of `task`."""
        if task.index not in self._bars:
            self._bars[task.index] = self._shown.add_task(f"  {task.contender}, seed {task.replication}", total=1.0, rate="")
        self._shown.update(self._bars[task.index], completed=share)
        self._shares[task.index] = share
        self._shown.update(self._whole, completed=sum(self._shares.values()))

    def finished(self, outcome: Outcome) -> None:
        """Replace the bar of the task by a line with its speed."""
        task, requests = outcome.task, len(outcome.tables.requests["arrival_s"])
        if task.index in self._bars:
            self._shown.remove_task(self._bars.pop(task.index))
        self._shares[task.index] = 1.0
        self._requests += requests
        rate = self._requests / max(time.perf_counter() - self._started_s, 1e-9)
        self._shown.update(self._whole, completed=sum(self._shares.values()), rate=f"{rate:,.0f} requests/s")
        speed = requests / max(outcome.wall_s, 1e-9)
        done = sum(share == 1.0 for share in self._shares.values())
        name = f"{self._title}{done}/{self._count} {task.contender}, seed {task.replication}"
        self._console.print(f"{name}: {requests:,} requests in {outcome.wall_s:.1f} s ({speed:,.0f}/s)", highlight=False, soft_wrap=True)
