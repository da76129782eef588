"""SkyPilot's and SpotHedge's traces: JSON with metadata.gap_seconds, data (instances that could be had at each tick), perhaps prices.

SkyNomad's full.json look the same but mean the opposite (1 = preempted). So a file that has only zeros and ones needs `ones_are`.
A folder of such files, one a zone, is one market; it is read by the name of the format only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from traces.errors import TraceError
from traces.reading.block import Block
from traces.reading.faults import Fault
from traces.reading.markets import zone_block
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.rows import read_json
from traces.schemas import SPOT


@dataclass(frozen=True, slots=True)
class SkyPilot(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its keys."""
        return head.lstrip().startswith(b"{") and b'"gap_seconds"' in head and (b'"data"' in head or b'"metadata"' in head)

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`."""
        if not file.is_folder:
            yield self._zone(file, options, notes)
            return
        members = [TraceFile(path) for path in sorted(file.path.glob("*.json"))]
        if not members:
            raise TraceError(f"{file.path}, line 1: holds no JSON file; expected one for each zone, such as us-east-2a_v100_1.json")
        for member in members:
            yield replace(self._zone(member, options, notes), member=member.name)

    def _zone(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Block:
        document = read_json(file)
        gap_s = document.get("metadata", {}).get("gap_seconds") if isinstance(document, dict) else None
        data = document.get("data") if isinstance(document, dict) else None
        if isinstance(gap_s, bool) or not isinstance(gap_s, int | float) or not 0 < gap_s < 1e9:
            raise TraceError(f"{file.path}, line 1: metadata.gap_seconds is {gap_s!r}; it must be a number of seconds above 0")
        if not isinstance(data, list):
            raise TraceError(f"{file.path}, line 1: data must be a list of numbers of instances")
        good = np.array([isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 2**53 for value in data], dtype=np.bool_)
        faults = [Fault(1, f"data[{at}]", f"{data[at]!r}", "a whole number of instances") for at in np.flatnonzero(~good).tolist()]
        capacity = np.array([value if kept else 0 for value, kept in zip(data, good.tolist(), strict=True)], dtype=np.int64)
        if not faults:
            capacity = self._upright(file, options, capacity)
        notes.facts["gap_s"] = float(gap_s)
        price = _prices(file, document.get("prices"), len(data))
        time_s = np.arange(len(data), dtype=np.float64) * float(gap_s)
        return zone_block(
            file,
            options,
            time_s[good],
            capacity[good],
            np.ones(int(good.sum()), dtype=np.int64),
            faults,
            None if price is None else price[good],
        )

    def _upright(self, file: TraceFile, options: ReadOptions, capacity: Any) -> Any:
        """Capacities in which more is more."""
        if len(capacity) and capacity.max() <= 1 and options.ones_are is None:
            raise TraceError(
                f"{file.path}, line 1: the data are zeros and ones and the file does not say which is up; say ones_are=up "
                "(SkyPilot, SpotHedge) or ones_are=preempted (SkyNomad's full.json)"
            )
        return 1 - capacity if options.ones_are == "preempted" else capacity


def _prices(file: TraceFile, prices: Any, count: int) -> Any:
    if prices is None:
        return None
    if not isinstance(prices, list) or len(prices) != count:
        raise TraceError(f"{file.path}, line 1: prices must be a list as long as data ({count})")
    wrong = next((at for at, price in enumerate(prices) if isinstance(price, bool) or not isinstance(price, int | float)), None)
    if wrong is not None:
        raise TraceError(f"{file.path}, line 1: prices[{wrong}] is {prices[wrong]!r}; a number of USD an hour is accepted")
    return np.array(prices, dtype=np.float64)


READER = SkyPilot("skypilot", 'SkyPilot, SpotHedge: JSON {"metadata": {"gap_seconds"}, "data": [...], "prices": [...]}', SPOT)
