"""cloudsim's own tables: Parquet with what the table is of in its metadata, as `traces convert` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from traces.errors import TraceError
from traces.reading.block import Block
from traces.reading.opening import TraceFile
from traces.reading.reader import Notes, ReadOptions
from traces.schemas import KINDS, Column, Kind, arrow_schema
from traces.stored import MAGIC, About, stored_about

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Tables:
    """See the module."""

    name: str = "table"
    title: str = "cloudsim's own Parquet, as `traces convert` writes it"

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its metadata."""
        return head.startswith(MAGIC) and stored_about(file.path) is not None

    def kind(self, file: TraceFile, options: ReadOptions) -> Kind:
        """The kind in its metadata."""
        return KINDS[_about(file).kind]

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`. Rows are counted as lines from 1."""
        import pyarrow as pa
        from pyarrow import parquet

        about = _about(file)
        kind = KINDS[about.kind]
        notes.start, notes.facts = about.start, dict(about.facts)
        line = 0
        try:
            with parquet.ParquetFile(file.path) as opened:
                present = frozenset(opened.schema_arrow.names)
                schema = arrow_schema(kind, present)
                if opened.schema_arrow.names != schema.names:
                    raise TraceError(
                        f"{file.path}, line 1: has the columns {', '.join(sorted(present))}; expected {', '.join(schema.names)}"
                    )
                for batch in opened.iter_batches():
                    columns = {field.name: _column(batch.column(field.name).cast(field.type), kind.column(field.name)) for field in schema}
                    yield Block(columns, np.arange(line + 1, line + 1 + len(batch)))
                    line += len(batch)
        except (pa.ArrowException, OSError) as error:
            raise TraceError(f"{file.path}, line {line + 1}: cannot be read ({' '.join(str(error).split())})") from None


def _about(file: TraceFile) -> About:
    """The metadata of a table of ours."""
    about = stored_about(file.path)
    if about is None or about.kind not in KINDS:
        raise TraceError(f"{file.path}, line 1: is no table of cloudsim's; for another Parquet file say format=columns with a map")
    return about


def _column(values: pa.Array, column: Column) -> Any:
    """As a block has it: numbers as arrays, with NaN where a row lacks one."""
    if not column.numeric:
        return values
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64 if values.null_count else None)


READER = Tables()
