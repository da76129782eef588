"""Shows on standard error how far an evaluation is: a bar on a terminal, one line a finished part elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class EvaluationProgress:
    """A `Watcher` and a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
            TextColumn("{task.fields[rate]}"), console=self._console, transient=True, disable=not self._console.is_terminal,
        )  # fmt: skip
        self._bar: TaskID | None = None
        self._started_s, self._problems = time.perf_counter(), 0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def begin(self, what: str, tasks: int) -> None:
        """A part begins."""
        if self._bar is not None:
            self._bars.remove_task(self._bar)
        self._bar = self._bars.add_task(what, total=tasks, rate="")
        self._started_s, self._problems = time.perf_counter(), 0

    def finished(self, task: str, problems: int) -> None:
        """A task is done."""
        self._problems += problems
        rate = self._problems / max(time.perf_counter() - self._started_s, 1e-9)
        speed = f"{rate:,.0f} problems/s" if problems else ""
        if self._bar is not None:
            self._bars.update(self._bar, advance=1, rate=speed)
        self._console.print(f"{task}: done{f', {speed}' if speed else ''}", highlight=False, soft_wrap=True)
