"""A spot market that replays a file, or a folder of files, of any known format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from traces.changes import change_points
from traces.errors import TraceError
from traces.files import data_path, digests
from traces.options import Options, Text, check_duration
from traces.reading.bad_row import BadRow
from traces.reading.reader import ReadOptions
from traces.reading.trace import read_trace
from traces.regions import region_of
from traces.replay.origin import replayed_sources
from traces.schemas import SPOT
from traces.span import span_s
from traces.tables import SpotTrace, ZoneSeries

if TYPE_CHECKING:
    import pandas as pd

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ReplayedMarket(Options):
    """Replays a window of a spot market.

    Args:
        path: of a file, or of a folder of files that are one trace, below the data folder (see `traces.files`); or an absolute path.
        format: of it; None finds it by content.
        columns: map of columns, for the format `columns`.
        on_bad_row: error, skip or clip.
        ones_are: "up" or "preempted", for files that do not say.
        zone: name of the zone, for a file that names none.
        price_usd_per_h: of an instance, for a trace without prices.
        start_s: second of the trace at which the window begins; None draws it from the random stream, so that each replication sees
            another part of the trace, and all contenders of a replication the same one.
    """

    path: Text
    format: Text | None = None
    columns: dict[str, Any] | None = None
    on_bad_row: Annotated[BadRow, Field(strict=False)] = BadRow.ERROR
    ones_are: Literal["up", "preempted"] | None = None
    zone: Text | None = None
    price_usd_per_h: NonNegative | None = None
    start_s: NonNegative | None = None

    def spot(self, duration_s: float, rng: np.random.Generator) -> SpotTrace:
        """A window of `duration_s`; see `traces.sources.SpotSource`.

        Raises:
            TraceError: the trace is missing, broken, shorter than the window, or lacks capacities or prices.
        """
        check_duration(type(self).__name__, duration_s)
        path = data_path(self.path)
        options = ReadOptions(zone=self.zone, ones_are=self.ones_are, columns=self.columns)
        trace = read_trace(path, self.format, options, self.on_bad_row)
        if trace.reading.kind is not SPOT:
            raise TraceError(
                f"{path} is a table of {trace.reading.kind.name} ({trace.reading.reader.title}); a market needs spot capacities"
            )
        table = trace.table.to_pandas()
        zones = [(str(zone), rows) for zone, rows in table.groupby("zone", sort=False)]
        problems = [problem for zone, rows in zones for problem in self._lacks(path.name, zone, rows)]
        if problems:
            raise TraceError(*problems)
        first_s = max(float(rows["time_s"].iloc[0]) for _, rows in zones)
        end_s = span_s(table, trace.reading.notes.facts)
        begin_s = self._begin_s(end_s - first_s, duration_s, rng)
        series = tuple(self._series(zone, rows, first_s + begin_s, duration_s) for zone, rows in zones)
        sources = replayed_sources(self.path, digests(path), trace.reading, f"from second {begin_s:.0f} on")
        return SpotTrace(series, duration_s, sources).check()

    def _lacks(self, name: str, zone: str, rows: pd.DataFrame) -> list[str]:
        problems = []
        if rows["instance_type"].nunique() > 1:
            problems.append(f"{name}: zone {zone} has {rows['instance_type'].nunique()} instance types; slice the trace to one of them")
        if rows["capacity"].isna().any():
            problems.append(f"{name}: zone {zone} has prices but no capacities; overlay its prices on a trace that has them")
        if rows["price_usd_per_h"].isna().any() and self.price_usd_per_h is None:
            problems.append(f"{name}: zone {zone} has no prices; say price_usd_per_h=NUMBER for one that holds all the time")
        return problems

    def _series(self, zone: str, rows: pd.DataFrame, origin_s: float, duration_s: float) -> ZoneSeries:
        time_s = rows["time_s"].to_numpy() - origin_s
        price = rows["price_usd_per_h"].fillna(self.price_usd_per_h or 0.0).to_numpy()
        return change_points(zone, region_of(zone), time_s, rows["capacity"].to_numpy().astype(np.int64), time_s, price, duration_s)

    def _begin_s(self, span_s: float, duration_s: float, rng: np.random.Generator) -> float:
        start_s = self.start_s or 0.0
        if start_s + duration_s > span_s:
            raise TraceError(
                f"{self.path}: a window of {duration_s:g} s from second {start_s:g} ends after the trace, which is {span_s:.0f} s long; "
                "shorten the run or let start_s be smaller"
            )
        return float(rng.uniform(0.0, span_s - duration_s)) if self.start_s is None else self.start_s
