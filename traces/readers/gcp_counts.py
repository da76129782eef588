"""Bamboo's counts of GCP nodes: text lines of date, time, count. Rows are not sorted; the last row of a time is the one that holds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from traces.reading.block import Block
from traces.reading.cells import Whole
from traces.reading.clock import Clock
from traces.reading.faults import Fault
from traces.reading.markets import last_of_each_time, zone_block
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.stamps import nanosecond
from traces.schemas import SPOT

LINE = re.compile(r"(\d{4}-\d\d-\d\d),\s*(\d\d:\d\d:\d\d),\s*(-?\d+)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class GcpCounts(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its first line."""
        return LINE.fullmatch(head.split(b"\n")[0].decode("utf-8", "replace").rstrip("\r")) is not None

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`. Read as a whole, to be sorted."""
        rows: list[tuple[int, int, int]] = []
        faults: list[Fault] = []
        for line, raw in file.lines():
            text = raw.decode("utf-8", errors="replace")
            match = LINE.fullmatch(text)
            time = nanosecond(f"{match[1]} {match[2]}") if match else None
            count = Whole().value(match[3]) if match else None
            if time is None or count is None:
                faults.append(Fault(line, "", text, "date, time, count, such as 2021-12-10, 13:07:45, 80"))
            else:
                rows.append((time, count, line))
        columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
        time_ns, count, lines = last_of_each_time(*columns)
        notes.facts["replaced_rows"] = len(rows) - len(time_ns)
        yield zone_block(file, options, Clock(notes).seconds(time_ns), count, lines, faults)


READER = GcpCounts("gcp_counts", "Bamboo on GCP: lines of date, time, count; not sorted", SPOT)
