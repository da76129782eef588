"""SkyNomad's availabilities: CSV a zone with date, availability (1 = up); a folder of them with the prices of each row in one JSON file.

A file alone has no prices. (The `full.json` of the same artifact are inverted; see the format `skypilot`.)
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from traces.errors import TraceError
from traces.reading.block import Block
from traces.reading.cells import Stamp, Whole
from traces.reading.delimited import has_columns, read_delimited
from traces.reading.faults import Fault
from traces.reading.markets import zone_block
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.rows import read_json
from traces.reading.stamps import NANOSECONDS, iso
from traces.schemas import SPOT
from traces.tables import Floats

TIME, STATE = "date", "availability"
PRICES = "*_spot_prices.json"


@dataclass(frozen=True, slots=True)
class SkyNomad(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """A file by its column names; a folder by one price file and CSV files beside it."""
        if file.is_folder:
            return len(list(file.path.glob(PRICES))) == 1 and any(file.path.glob("*.csv"))
        return has_columns(head, TIME, STATE)

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`. Second 0 of a folder is the first tick of any of its zones."""
        members = [TraceFile(path) for path in sorted(file.path.glob("*.csv"))] if file.is_folder else [file]
        if not members:
            raise TraceError(f"{file.path}, line 1: holds no CSV file; expected one for each zone, such as us-east-1a_v100_1.csv")
        read = {member: _ticks(member) for member in members}
        starts = [block.columns[TIME][0] for block in read.values() if len(block)]
        first = int(min(starts, default=0))
        notes.start = iso(first) if starts else None
        # Prices belong to rows by their number: where a row is broken nobody can tell which is whose.
        whole = {member.stem: len(block) for member, block in read.items() if not block.faults}
        prices = _prices(file.path, whole, notes.problems) if file.is_folder else {}
        for member, block in read.items():
            time_s = (block.columns[TIME] - first) / NANOSECONDS
            if len(time_s) > 1:
                notes.facts["gap_s"] = float(np.median(np.diff(time_s)))
            made = zone_block(member, options, time_s, block.columns[STATE], block.line, block.faults, prices.get(member.stem))
            yield replace(made, named={"time_s": TIME, "capacity": STATE}, member=member.name if file.is_folder else "")


def _ticks(file: TraceFile) -> Block:
    """Nanoseconds since 1970 and state (0 or 1) of all rows of a zone."""
    file.head()
    blocks = list(read_delimited(file, {TIME: Stamp(), STATE: Whole()}))
    none = np.zeros(0, dtype=np.int64)
    columns = {
        name: np.concatenate([none, *(np.asarray(block.columns[name], dtype=np.int64) for block in blocks)]) for name in (TIME, STATE)
    }
    line, faults = np.concatenate([none, *(block.line for block in blocks)]), [fault for block in blocks for fault in block.faults]
    state = columns[STATE]
    binary = (state == 0) | (state == 1)
    wrong = zip(line[~binary].tolist(), state[~binary].tolist(), strict=True)
    faults += [Fault(at, STATE, f"{value}", "0 (not to be had) or 1 (to be had)") for at, value in wrong]
    return Block(columns, line, faults).only(binary)


def _prices(folder: Path, rows: dict[str, int], problems: list[str]) -> dict[str, Floats]:
    """USD an hour of each row, by the stem of the zone's file; `rows` are how many there must be. Adds what is wrong to `problems`."""
    found = sorted(folder.glob(PRICES))
    if len(found) != 1:
        problems.append(f"{folder}, line 1: holds {len(found)} files {PRICES}; expected one, with the price of each row of the zone files")
        return {}
    path, prices = found[0], {}
    document = read_json(TraceFile(path))
    if not isinstance(document, dict):
        raise TraceError(
            f"{path}, line 1: expected an object with one list of prices for each zone file, such as {{'us-east-1a_v100_1': [1.67]}}"
        )
    for stem, count in rows.items():
        listed = document.get(stem)
        if not isinstance(listed, list):
            problems.append(f"{path}, line 1: {stem} is missing or no list; expected {count} prices, one for each row")
            continue
        if len(listed) != count:
            problems.append(f"{path}, line 1: {stem} has {len(listed)} prices; its zone file has {count} rows, and they are aligned by row")
        bad = [
            at for at, price in enumerate(listed) if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < 1e5
        ]
        problems += [f"{path}, line 1: {stem}[{at}] is {listed[at]!r}; accepted are USD an hour, at least 0" for at in bad[:1]]
        if not bad and len(listed) == count:
            prices[stem] = np.array(listed, dtype=np.float64)
    return prices


READER = SkyNomad("skynomad", "SkyNomad: CSV a zone with date,availability (1 = up), or the folder with its prices", SPOT)
