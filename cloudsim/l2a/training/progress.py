"""How far a training is, and how a terminal shows it."""

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a stage stands.

    Args:
        stage: its name.
        step, steps: steps done, and all of them.
        tokens_per_s: tokens without padding a second, all processes together, since the last report.
        seconds_left: until the stage ends, at the pace of this session.
        figures: what the stage measured in the last step, means over the processes. The curves know the names `loss`, `loss_ce`, `loss_kd`,
            `compute_target`, `compute_realised` and `keep_layer_00`, `keep_layer_01`, …; others get a curve of their own.
    """

    stage: str
    step: int
    steps: int
    tokens_per_s: float
    seconds_left: float
    figures: dict[str, float]


class ProgressBars:
    """A context manager: one bar a stage on a terminal; elsewhere silent but for one line when a stage ends."""

    def __init__(self, console: "Console | None" = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as Bars

        self._console = console or Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[facts]}"))
        self._bars = Bars(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)
        self._shown: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()

    def moved(self, progress: Progress) -> None:
        """Move the bar of a stage."""
        if progress.stage not in self._shown:
            self._shown[progress.stage] = self._bars.add_task(progress.stage, total=progress.steps, facts="")
        self._bars.update(self._shown[progress.stage], completed=progress.step, facts=_facts(progress))

    def ended(self, stage: str, steps: int, loss: float | None, hours: float) -> None:
        """Replace the bar by a line; `hours` are those of all sessions."""
        if stage in self._shown:
            self._bars.remove_task(self._shown.pop(stage))
        told = "" if loss is None else f", loss {loss:.4g}"
        self._console.print(f"{stage}: {steps:,} steps{told}, {_duration(hours * 3600)}", highlight=False, soft_wrap=True)


def _facts(progress: Progress) -> str:
    figures = progress.figures
    words = [f"step {progress.step:,}/{progress.steps:,}"]
    if "loss" in figures:
        words.append(f"loss {figures['loss']:.4g}")
    if "compute_realised" in figures:
        target = f" for {figures['compute_target']:.2f}" if "compute_target" in figures else ""
        words.append(f"compute {figures['compute_realised']:.2f}{target}")
    words += [f"{progress.tokens_per_s:,.0f} tokens/s", f"{_duration(progress.seconds_left)} left"]
    return ", ".join(words)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
