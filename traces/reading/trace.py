"""Reading a trace: which format, its checked batches, and what is known of it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from traces.reading.bad_row import BadRow
from traces.reading.checking import Checker, Counts
from traces.reading.opening import TraceFile
from traces.reading.reader import Notes, Reader, ReadOptions
from traces.reading.registry import reader_of

if TYPE_CHECKING:
    import pyarrow as pa


class Reading:
    """One pass over a file. `notes` and `counts` are complete once `batches` is exhausted; `checker` is what it has come to.

    Args:
        path: a file, or a folder of files that are one trace.
        wanted: format; None finds it by content.
        options: what the user states of the file.
        on_bad_row: what becomes of rows that are not accepted.
        progress: called after each batch with the number of rows so far and the share of the file that was read.

    Raises:
        TraceError: the file does not exist, is empty or of no known format.
    """

    def __init__(
        self,
        path: str | Path,
        wanted: str | None = None,
        options: ReadOptions | None = None,
        on_bad_row: BadRow = BadRow.ERROR,
        progress: Callable[[int, float], None] | None = None,
    ) -> None:
        self.file = TraceFile(Path(path))
        self.file.head()
        self.reader: Reader = reader_of(self.file, wanted)
        self.options, self.notes = options or ReadOptions(), Notes()
        self.kind = self.reader.kind(self.file, self.options)
        self.checker = Checker(self.kind, str(path), self.notes, on_bad_row)
        self._progress = progress

    @property
    def counts(self) -> Counts:
        """Rows so far."""
        return self.checker.counts

    @property
    def problems(self) -> list[str]:
        """What was wrong with rows that were left out or clipped: the first five, and how many more."""
        return self.checker.faults.problems()[:-1]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Checked batches in order; memory does not grow with the file, where its format can be read in parts.

        Raises:
            TraceError: rows are bad (see `on_bad_row`), or the file is damaged; with file, line, column and value.
        """
        for batch in self.checker.batches(self.reader.blocks(self.file, self.options, self.notes)):
            yield batch
            if self._progress:
                self._progress(self.counts.rows, self.file.share_read())


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace that was read as a whole."""

    table: pa.Table
    reading: Reading


def read_trace(path: str | Path, wanted: str | None = None, options: ReadOptions | None = None, on_bad_row: BadRow = BadRow.ERROR) -> Trace:
    """A whole file as one table; arguments and errors as of `Reading`."""
    import pyarrow as pa

    reading = Reading(path, wanted, options, on_bad_row)
    return Trace(pa.Table.from_batches(list(reading.batches())), reading)
