"""Bamboo's node events: CSV without a header, time (ms), add or remove, node."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from traces.reading.block import Block
from traces.reading.cells import Cell, Text, Whole
from traces.reading.delimited import read_delimited
from traces.reading.faults import Fault
from traces.reading.markets import node_blocks
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.schemas import SPOT

FIRST = re.compile(rb"\d+,(add|remove),\S+\r?\n")
CELLS: dict[str, Cell] = {"time_ms": Whole(), "event": Text(one_of=("add", "remove")), "node": Text()}


@dataclass(frozen=True, slots=True)
class Bamboo(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its first line."""
        return FIRST.match(head) is not None

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`."""
        return node_blocks(file, options, self._events(file))

    def _events(self, file: TraceFile) -> Iterator[tuple[int, float, str, list[str]] | Fault]:
        for block in read_delimited(file, CELLS, names=tuple(CELLS)):
            yield from block.faults
            columns = (block.columns["time_ms"].tolist(), block.columns["event"].tolist(), block.columns["node"].tolist())
            for line, time_ms, event, node in zip(block.line.tolist(), *columns, strict=True):
                yield line, time_ms / 1e3, event, [node]


READER = Bamboo("bamboo", "Bamboo: CSV without a header, time (ms),add|remove,node", SPOT)
