"""Formats that are a delimited file whose columns only have other names and units."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from traces.reading.block import Block
from traces.reading.cells import Cell
from traces.reading.delimited import has_columns, read_delimited
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions


@dataclass(frozen=True, slots=True)
class Renamed(Described):
    """A delimited file with one row for each row of the table.

    Args:
        columns: for each column of the table, its name in the file and how its cells are read.
    """

    columns: Mapping[str, tuple[str, Cell]] = field(default_factory=dict)

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its column names."""
        return has_columns(head, *(name for name, _ in self.columns.values()))

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`."""
        named = {ours: theirs for ours, (theirs, _) in self.columns.items()}
        for block in read_delimited(file, dict(self.columns.values())):
            yield renamed(block, named)


def renamed(block: Block, named: Mapping[str, str], **columns: Any) -> Block:
    """A block with the table's columns in place of the file's.

    Args:
        block: with the file's columns.
        named: for each column of the table, the file's.
        columns: of the table, in place of what stands in the file.
    """
    taken = {ours: block.columns[theirs] for ours, theirs in named.items() if ours not in columns}
    return Block(taken | columns, block.line, block.faults, named)
