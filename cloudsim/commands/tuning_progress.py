"""Shows on standard error how far a search is, the best so far and the time left: a bar on a terminal, one line a trial elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cloudsim.tuning.search import Tried
from cloudsim.tuning.target import COST


class TuningProgress:
    """A `cloudsim.tuning.search.Watcher` and a context manager.

    Args:
        objective: the metric that is told. trials: that there will be.
    """

    def __init__(self, objective: str, trials: int, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._objective, self._trials, self._ended = objective, trials, 0
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), TextColumn("{task.fields[best]}"),
            console=self._console, transient=True, disable=not self._console.is_terminal,
        )  # fmt: skip
        self._bar = self._bars.add_task(f"{trials} trials", total=trials, best="")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def moved(self, share: float) -> None:
        """Move the bar within the trial under way."""
        self._bars.update(self._bar, completed=self._ended + share)

    def finished(self, trial: Tried, best: Tried | None) -> None:
        """A line for the trial, and the best so far beside the bar."""
        self._ended = trial.number + 1
        held = f"best {best.means[self._objective]:.5g}" if best is not None else ""
        self._bars.update(self._bar, completed=self._ended, best=held)
        if trial.state == "pruned":
            found = f"ended early after replication {trial.replications}, {self._objective} {trial.ahead:+.4g} beside the untuned setting"
        else:
            found = trial.problem or f"{self._objective} {trial.means[self._objective]:.5g} at {trial.means[COST]:.4g} USD an hour"
        note = ", failed" if trial.state == "failed" else "" if trial.feasible or trial.state == "pruned" else ", above the cap"
        line = f"{self._ended}/{self._trials}: {found}{note}; {held}"
        self._console.print(line, highlight=False, soft_wrap=True, markup=False)
