"""Shows on standard error how far the reading or the fetching of a trace is: bars on a terminal, nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from traces.fetching import Bar
from traces.reading.bad_row import BadRow
from traces.reading.reader import ReadOptions
from traces.reading.trace import Reading


class ShownReading:
    """A context manager around a reading; arguments as of `traces.reading.trace.Reading`."""

    def __init__(self, path: Path, wanted: str | None, options: ReadOptions, on_bad_row: BadRow, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        self._bars = Progress(
            TextColumn(path.name), BarColumn(), TextColumn("{task.fields[rows]:,} rows"), TimeRemainingColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._bar = self._bars.add_task("", total=1.0, rows=0)
        self._reading = Reading(path, wanted, options, on_bad_row, self._moved)

    def _moved(self, rows: int, share: float) -> None:
        self._bars.update(self._bar, completed=share, rows=rows)

    def __enter__(self) -> Reading:
        self._bars.start()
        return self._reading

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bars.stop()


@contextmanager
def fetch_bars(console: Console | None = None) -> Iterator[Bar]:
    """Bars on a terminal for files that are fetched; used as `traces.fetching.fetch` wants them."""
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        yield lambda name, size: FetchBar(shown, name, size)


class FetchBar:
    """One file, as pooch tells how far it is: `total` is set once it is known.

    Args:
        shown: the bars.
        name: of the file.
        size: in bytes, where known.
    """

    def __init__(self, shown: Progress, name: str, size: int | None) -> None:
        self.total: float = size or 0
        self._shown, self._task = shown, shown.add_task(name, total=size)

    def update(self, count: int) -> None:
        """Some more bytes have come."""
        self._shown.update(self._task, total=self.total or None, advance=count)

    def reset(self) -> None:
        """pooch sets the bar back before it calls it whole."""
        self._shown.update(self._task, completed=0)

    def close(self) -> None:
        """The file is there, or has failed."""
        self._shown.remove_task(self._task)


@contextmanager
def work_bar(title: str) -> Iterator[Callable[[float], None]]:
    """A bar on a terminal for other work, which appears with its first step; gives a function that takes the share that is done."""
    console = Console(stderr=True)
    columns = (TextColumn(title), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("", total=1.0, visible=False)
        yield lambda share: shown.update(task, completed=share, visible=True)
