"""Reader of the SkyNomad spot traces: one CSV a zone with `date,availability` (1 = up), and prices aligned by row in one JSON file.

The format states its polarity: 1 is up. (The `full.json` files of the same artifact are inverted and are not read.)
"""

from __future__ import annotations

import json
import re
from math import isfinite
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from traces.changes import change_points
from traces.errors import TraceError
from traces.files import data_set, data_subfolder, sha256
from traces.options import Options, Text, check_duration
from traces.provenance import Provenance, Source
from traces.readers.faults import csv_faults, header_faults
from traces.readers.stamps import nanoseconds
from traces.tables import Floats, Ints, SpotTrace

TIME = "date"
STATE = "availability"
PRICES = "v100_spot_prices.json"
ZONE_FILE = re.compile(r"(?P<zone>(?P<region>[a-z]+(?:-[a-z]+)+-\d+)[a-z])_.+")


class SkyNomad(Options):
    """Replays a window of a spot market; capacity is 1 where an instance could be had, else 0.

    Args:
        folder: path below the data folder (see `traces.files`), or an absolute path.
        start_s: second of the trace at which the window begins; null draws it from the random stream, so that each replication
            sees another part of the trace, and all contenders of a replication the same one.
    """

    folder: Text
    start_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    def spot(self, duration_s: float, rng: np.random.Generator) -> SpotTrace:
        """A window of `duration_s`; see `traces.sources.SpotSource`.

        Raises:
            TraceError: files are missing, broken, do not fit each other, or are shorter than the window.
        """
        check_duration(type(self).__name__, duration_s)
        folder = data_subfolder(self.folder)
        files = sorted(folder.glob("*.csv"))
        if not files:
            raise TraceError(f"{folder} holds no CSV file; expected one for each zone, such as us-east-1a_v100_1.csv, and {PRICES}")
        zones, problems = _read_zones(files)
        rows = {file.stem: len(zones[file][1]) if file in zones else None for file in files}
        prices, price_problems = _read_prices(folder / PRICES, rows)
        if problems or price_problems:
            raise TraceError(*problems, *price_problems)
        first_s, end_s = max(time[0] for time, _ in zones.values()), min(_end_s(time) for time, _ in zones.values())
        begin_s = self._begin_s(float(end_s - first_s), duration_s, rng)
        series = []
        for file, (time_s, state) in zones.items():
            match = ZONE_FILE.fullmatch(file.stem)
            assert match is not None
            shifted = time_s - (first_s + begin_s)
            series.append(change_points(match["zone"], match["region"], shifted, state, shifted, prices[file.stem], duration_s))
        return SpotTrace(tuple(series), duration_s, self._sources([*files, folder / PRICES], begin_s)).check()

    def _begin_s(self, span_s: float, duration_s: float, rng: np.random.Generator) -> float:
        start_s = self.start_s or 0.0
        if start_s + duration_s > span_s:
            raise TraceError(
                f"{self.folder}: a window of {duration_s:g} s from second {start_s:g} ends after the trace, which is {span_s:.0f} s long; "
                "shorten the run or let start_s be smaller"
            )
        return float(rng.uniform(0.0, span_s - duration_s)) if self.start_s is None else self.start_s

    def _sources(self, files: list[Path], begin_s: float) -> tuple[Source, ...]:
        known = data_set(self.folder)
        origin = f"{known.title}, {known.licence}, {known.origin}" if known else self.folder
        return tuple(Source(file.name, Provenance.MEASURED, f"{origin}; from second {begin_s:.0f} on", sha256(file)) for file in files)


def _end_s(time_s: Floats) -> float:
    """Time until which the last row holds: one median interval."""
    return float(time_s[-1] + np.median(np.diff(time_s)))


def _read_zones(files: list[Path]) -> tuple[dict[Path, tuple[Floats, Ints]], list[str]]:
    """Seconds since 1970 and state (0 or 1) of each file, and what is wrong with the others."""
    import pyarrow as pa
    from pyarrow import csv

    zones: dict[Path, tuple[Floats, Ints]] = {}
    problems: list[str] = []
    options = csv.ConvertOptions(column_types={TIME: pa.string(), STATE: pa.string()}, include_columns=[TIME, STATE])
    for file in files:
        faults = header_faults(file, (TIME, STATE))
        if not ZONE_FILE.fullmatch(file.stem):
            faults.append(f"{file}: the name must begin with an AWS zone and an underscore, such as us-east-1a_v100_1.csv")
        if not faults:
            try:
                table = csv.read_csv(file, read_options=csv.ReadOptions(use_threads=False), convert_options=options)
                time_ns, state = nanoseconds(table.column(TIME)), np.asarray(table.column(STATE).cast(pa.int64()))
                if (np.diff(time_ns) <= 0).any() or ((state != 0) & (state != 1)).any():
                    raise pa.ArrowInvalid("two rows have the same time")
                if len(state) < 2:
                    faults.append(f"{file} has one row; at least 2 are needed")
                zones[file] = (time_ns / 1e9, state)
            except pa.ArrowInvalid as error:
                faults = csv_faults(file, TIME, {STATE: _state_fault}) or [f"{file}: {error}"]
        problems += faults
    return zones, problems


def _read_prices(path: Path, rows: dict[str, int | None]) -> tuple[dict[str, Floats], list[str]]:
    """USD an hour for each zone file, by its stem, and what is wrong; `rows` are the lengths they must have, if known."""
    if not path.is_file():
        return {}, [f"{path} was not found; it holds the price of each row of the zone files"]
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        return {}, [f"{path} is not JSON: {error}"]
    if not isinstance(document, dict):
        return {}, [f"{path}: expected an object with one list of prices for each zone file, such as {{'us-east-1a_v100_1': [1.67, ...]}}"]
    prices: dict[str, Floats] = {}
    problems: list[str] = []
    for stem, count in rows.items():
        listed = document.get(stem)
        if not isinstance(listed, list):
            problems.append(f"{path}: {stem} is missing; {stem}.csv needs a list of prices, one for each row")
            continue
        numbers = set(map(type, listed)) <= {int, float}
        values = np.array(listed if numbers else [], dtype=np.float64)
        if not numbers or not (np.isfinite(values) & (values >= 0)).all():
            bad = next(i for i, price in enumerate(listed) if type(price) not in (int, float) or not (isfinite(price) and price >= 0))
            problems.append(f"{path}: {stem}[{bad}] is {listed[bad]!r}; accepted is a price in USD an hour, at least 0")
        elif count is not None and len(values) != count:
            problems.append(f"{path}: {stem} has {len(values)} prices, but {stem}.csv has {count} rows; both are aligned by row")
        prices[stem] = values
    return prices, problems


def _state_fault(text: str) -> str | None:
    return None if text in ("0", "1") else "0 (down) or 1 (up)"
