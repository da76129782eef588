"""A table with what is known of it, on its way from one transformation to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from traces.conversion import about_reading
from traces.errors import TraceError
from traces.reading.trace import Reading
from traces.schemas import KINDS, Kind
from traces.stored import About, write_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class StoredTrace:
    """A table that fits into memory, and what is known of it."""

    table: pa.Table
    about: About

    @property
    def kind(self) -> Kind:
        """Of the table."""
        return KINDS[self.about.kind]

    def changed(self, table: pa.Table, step: str, start: str | None = None) -> StoredTrace:
        """The same trace with other rows.

        Args:
            table: the new rows.
            step: what was done, for the list of conversions.
            start: the new absolute time of second 0; None keeps the old one.

        Raises:
            TraceError: no row is left.
        """
        if not len(table):
            raise TraceError(f"{self.about.source}: {step} leaves no row")
        about = replace(self.about, conversion=[*self.about.conversion, step], start=start or self.about.start)
        return StoredTrace(table, about)

    def with_column(self, name: str, values: NDArray[Any]) -> pa.Table:
        """The table with other values in one column; an array of its length."""
        import pyarrow as pa

        index = self.table.schema.get_field_index(name)
        return self.table.set_column(index, self.table.schema.field(index), pa.array(values))

    def of_frame(self, frame: pd.DataFrame) -> pa.Table:
        """A table of this trace's columns from a frame with them."""
        import pyarrow as pa

        return pa.Table.from_pandas(frame, schema=self.table.schema, preserve_index=False)

    def write(self, path: Path) -> None:
        """Write it as a stored table."""
        write_table(path, self.table.to_batches(), lambda: self.about)


def load(reading: Reading, stated: str) -> StoredTrace:
    """A whole file.

    Args:
        reading: of it, not begun yet.
        stated: the path as the user wrote it.
    """
    import pyarrow as pa

    table = pa.Table.from_batches(list(reading.batches()))
    return StoredTrace(table, about_reading(reading, stated))


def of_kind(trace: StoredTrace, *kinds: Kind) -> None:
    """Raise `TraceError` unless a trace is of one of these kinds."""
    if trace.kind not in kinds:
        raise TraceError(
            f"{trace.about.source} is a table of {trace.kind.name}; needed is one of {' or '.join(kind.name for kind in kinds)}"
        )
