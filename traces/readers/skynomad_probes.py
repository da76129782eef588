"""SkyNomad's launch probes: CSV with scheduled_at, zone, requested, created, capacity_exhausted_detected. They are no lifetimes."""

from collections.abc import Iterator
from dataclasses import dataclass

from traces.reading.block import Block
from traces.reading.cells import Cell, Flag, Stamp, Text, Whole
from traces.reading.clock import Clock
from traces.reading.delimited import has_columns, read_delimited
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.renamed import renamed
from traces.schemas import PROBES

CELLS: dict[str, Cell] = {
    "scheduled_at": Stamp(), "zone": Text(), "requested": Whole(), "created": Whole(), "capacity_exhausted_detected": Flag()
}  # fmt: skip
NAMED = {
    "time_s": "scheduled_at", "zone": "zone", "requested": "requested", "created": "created",
    "capacity_exhausted": "capacity_exhausted_detected",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SkyNomadProbes(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its column names."""
        return has_columns(head, *CELLS)

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`."""
        clock = Clock(notes)
        for block in read_delimited(file, CELLS):
            yield renamed(block, NAMED, time_s=clock.seconds(block.columns["scheduled_at"]))


READER = SkyNomadProbes(
    "skynomad_probes", "SkyNomad probes: CSV with scheduled_at,zone,requested,created,capacity_exhausted_detected", PROBES
)
