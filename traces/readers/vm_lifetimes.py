"""Lifetimes of preemptible VMs on GCP: CSV with vm, zone, machine_type, started_at, lifetime_s. Second 0 is the earliest start."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from traces.reading.block import Block
from traces.reading.cells import Cell, Number, Stamp, Text
from traces.reading.delimited import has_columns, read_delimited
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.stamps import NANOSECONDS, iso
from traces.schemas import LIFETIMES

CELLS: dict[str, Cell] = {"vm": Text(), "zone": Text(), "machine_type": Text(), "started_at": Stamp(), "lifetime_s": Number()}


@dataclass(frozen=True, slots=True)
class VmLifetimes(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its column names."""
        return has_columns(head, *CELLS)

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`. Read as a whole, since the earliest start may stand anywhere."""
        blocks = list(read_delimited(file, CELLS))
        starts = [int(block.columns["started_at"].min()) for block in blocks if len(block)]
        if starts:
            notes.start = iso(min(starts))
        for block in blocks:
            started_at = np.asarray(block.columns.pop("started_at"), dtype=np.int64)
            block.columns["started_s"] = (started_at - min(starts, default=0)) / NANOSECONDS
            yield replace(block, named={"started_s": "started_at"})


READER = VmLifetimes("vm_lifetimes", "lifetimes of preemptible VMs: CSV with vm,zone,machine_type,started_at,lifetime_s", LIFETIMES)
