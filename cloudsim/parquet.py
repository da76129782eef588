"""The result tables as Parquet: words as dictionaries, the meaning of each column as metadata, no time stamps in the file.

The bytes depend on the rows alone: row groups of one task each, in the order of the tasks.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from cloudsim.errors import SimulationError
from cloudsim.metrics.tables import CHANGES, DECISIONS, NODES, REQUESTS, TIMELINE, Column
from cloudsim.metrics.words import Words

if TYPE_CHECKING:
    import pyarrow as pa

TABLES: Mapping[str, Sequence[Column]] = {
    "requests": REQUESTS, "nodes": NODES, "timeline": TIMELINE, "changes": CHANGES, "decisions": DECISIONS,
}  # fmt: skip


class TableWriter:
    """Writes one table, task by task; a context manager."""

    def __init__(self, path: Path, table: str) -> None:
        from pyarrow.parquet import ParquetWriter

        self._table, self._columns = table, TABLES[table]
        self._schema = _schema(self._columns)
        # Times hardly repeat, so a dictionary of them costs time and space; split by bytes they are a third smaller.
        times = [column.name for column in self._columns if column.type.startswith("float")]
        others = [column.name for column in self._columns if column.name not in times]
        self._file = ParquetWriter(path, self._schema, compression="zstd", use_dictionary=others, use_byte_stream_split=times)
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def add(self, contender: str, replication: int, columns: Mapping[str, "NDArray[Any] | Words"]) -> None:
        """Append the rows of one task.

        Raises:
            SimulationError: columns are missing, unknown or of different length.
        """
        import pyarrow as pa

        lengths = {name: len(values) for name, values in columns.items()}
        wanted = {column.name for column in self._columns} - {"contender", "replication"}
        if set(columns) != wanted or len(set(lengths.values())) > 1:
            raise SimulationError(f"the {self._table} table has columns {lengths}; it must have {sorted(wanted)}, all of one length")
        rows = next(iter(lengths.values()))
        whole = {
            "contender": Words(np.zeros(rows, dtype=np.int32), (contender,)),
            "replication": np.full(rows, replication, dtype=np.int16),
            **columns,
        }
        arrays = [_array(column, whole[column.name]) for column in self._columns]
        self._file.write_table(pa.Table.from_arrays(arrays, schema=self._schema), row_group_size=max(rows, 1))
        self.rows += rows


def _schema(columns: Sequence[Column]) -> "pa.Schema":
    import pyarrow as pa

    def kind(column: Column) -> "pa.DataType":
        return pa.dictionary(pa.int32(), pa.string()) if column.type == "category" else pa.from_numpy_dtype(np.dtype(column.type))

    return pa.schema([pa.field(column.name, kind(column), metadata={"meaning": column.meaning}) for column in columns])


def _array(column: Column, values: "NDArray[Any] | Words") -> "pa.Array":
    import pyarrow as pa

    if isinstance(values, Words) != (column.type == "category"):
        raise SimulationError(f"column {column.name} must hold {'words' if column.type == 'category' else column.type}")
    if isinstance(values, Words):
        return pa.DictionaryArray.from_arrays(values.codes.astype(np.int32, copy=False), list(values.words))
    return pa.array(values.astype(column.type, copy=False))
