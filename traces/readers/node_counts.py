"""Parcae's counts of nodes: CSV without a header, time (ms), nodes that are there. The last row of a time is the one that holds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from traces.reading.block import Block
from traces.reading.cells import Whole
from traces.reading.delimited import read_delimited
from traces.reading.markets import last_of_runs, zone_block
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.schemas import SPOT

LINES = re.compile(rb"(\d+,\d+\r?\n){2}")
CELLS = {"time_ms": Whole(), "count": Whole()}


@dataclass(frozen=True, slots=True)
class NodeCounts(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its first two lines."""
        return LINES.match(head) is not None

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`."""
        for block in read_delimited(file, CELLS, names=tuple(CELLS)):
            time_ms, count = block.columns["time_ms"], block.columns["count"]
            # Rows of one time stand together; only within a run of them is an earlier one replaced.
            last = last_of_runs(time_ms)
            notes.facts["replaced_rows"] = notes.facts.get("replaced_rows", 0) + int((~last).sum())
            yield zone_block(file, options, time_ms[last] / 1e3, count[last], block.line[last], block.faults)


READER = NodeCounts("node_counts", "Parcae: CSV without a header, time (ms),nodes", SPOT)
