"""What a reader hands over: some rows of a file as columns, where they stand, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from traces.reading.faults import Fault
from traces.tables import Ints


@dataclass(slots=True)
class Block:
    """Some rows of a file.

    Args:
        columns: by name, arrays of equal length; numbers with NaN where a row lacks one, others as sequences with None.
        line: where each row stands in the file, from 1. Shape (rows,).
        faults: what could not be read at all; such rows are not among the columns.
        named: what the file calls a column, for messages, where it is called otherwise.
        member: name of the file, where several files of a folder are read as one trace.
    """

    columns: dict[str, Any]
    line: Ints
    faults: list[Fault] = field(default_factory=list)
    named: Mapping[str, str] = field(default_factory=dict)
    member: str = ""

    def __len__(self) -> int:
        return len(self.line)

    def only(self, keep: NDArray[np.bool_]) -> Block:
        """The rows for which `keep` is true."""
        kept = {name: _rows(column, keep) for name, column in self.columns.items()}
        return replace(self, columns=kept, line=self.line[keep])


def block_of_rows(rows: Sequence[Mapping[str, Any]], lines: Sequence[int], names: Sequence[str], faults: list[Fault]) -> Block:
    """A block of rows that were read one by one; a value that is missing becomes None, or NaN in a column of numbers."""
    columns: dict[str, Any] = {}
    for name in names:
        values = [row.get(name) for row in rows]
        if all(isinstance(value, int | float | None) and not isinstance(value, bool) for value in values):
            columns[name] = np.array([np.nan if value is None else value for value in values])
        else:
            columns[name] = values
    return Block(columns, np.array(lines, dtype=np.int64), faults)


def _rows(column: Any, keep: NDArray[np.bool_]) -> Any:
    if isinstance(column, np.ndarray):
        return column[keep]
    if hasattr(column, "filter"):
        return column.filter(keep)
    return [value for value, kept in zip(column, keep.tolist(), strict=True) if kept]
