"""What a spot trace says of one zone, as a fit needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from traces.errors import TraceError
from traces.inspection.market import HOUR_S, runs_s, series
from traces.regions import region_of
from traces.tables import Floats, Ints, SpotTrace

if TYPE_CHECKING:
    import pandas as pd


LEAST_SHARE = 1e-3
"""Of the time that a zone is made to be up, or down, which the trace never saw so."""


@dataclass(frozen=True, slots=True)
class ZoneRecord:
    """Change points of one zone from the time at which all zones are known to the end.

    Args:
        zone, region: names.
        time_s: rising, the first is 0. Shape (k,).
        capacity, price_usd_per_h: from that time on; prices are NaN where the trace has none. Shape (k,).
        span_s: the end.
    """

    zone: str
    region: str
    time_s: Floats
    capacity: Ints
    price_usd_per_h: Floats
    span_s: float

    @property
    def lasts_s(self) -> Floats:
        """How long each row holds. Shape (k,)."""
        return np.diff(self.time_s, append=self.span_s)

    @property
    def mean_capacity(self) -> float:
        """Over time."""
        return float(np.average(self.capacity, weights=self.lasts_s))

    def up_share(self) -> float:
        """Share of the time with an instance."""
        return float(np.average(self.capacity > 0, weights=self.lasts_s))

    def runs_h(self) -> tuple[Floats, Floats]:
        """Whole up-runs and whole down-runs."""
        up, down = runs_s(self.time_s, self.capacity > 0, self.span_s)
        return up / HOUR_S, down / HOUR_S

    def shortest_run_s(self) -> float:
        """Of the whole runs; infinite if there are none."""
        return min((float(runs.min()) * HOUR_S for runs in self.runs_h() if len(runs)), default=np.inf)


def zone_records(frame: pd.DataFrame, end_s: float) -> list[ZoneRecord]:
    """The zones of a spot table.

    Raises:
        TraceError: a zone has several instance types, or no capacities; or nothing is left of the trace.
    """
    problems, found = [], []
    first_s = float(frame.groupby(["zone", "instance_type"], sort=False)["time_s"].first().max())
    if end_s <= first_s:
        raise TraceError("the trace is over before all its zones have begun; keep the zones that overlap with `traces slice`")
    for name, rows in series(frame):
        zone = str(rows["zone"].iloc[0])
        if name != zone and (frame["zone"] == zone).sum() > len(rows):
            problems.append(f"zone {zone} has several instance types; keep one with `traces slice --type`")
            continue
        if rows["capacity"].isna().any():
            problems.append(f"zone {zone} has prices but no capacities, so there is nothing to fit")
            continue
        found.append(_record(zone, rows, first_s, end_s))
    if problems:
        raise TraceError(*dict.fromkeys(problems))
    return found


def records_of(trace: SpotTrace) -> list[ZoneRecord]:
    """The zones of a market that was made."""
    return [
        ZoneRecord(one.zone, one.region, one.time_s, one.capacity, one.price_usd_per_h, trace.span_s) for one in trace.zones
    ]  # fmt: skip


def _record(zone: str, rows: pd.DataFrame, first_s: float, end_s: float) -> ZoneRecord:
    time_s = rows["time_s"].to_numpy(dtype=np.float64)
    capacity = rows["capacity"].to_numpy(dtype=np.int64)
    price = rows["price_usd_per_h"].to_numpy(dtype=np.float64)
    begin = int(np.searchsorted(time_s, first_s, side="right")) - 1
    kept = slice(begin, int(np.searchsorted(time_s, end_s, side="left")))
    time_s, capacity, price = np.maximum(time_s[kept] - first_s, 0.0), capacity[kept], price[kept]
    changed = np.append(True, (np.diff(capacity) != 0) | (np.nan_to_num(price[1:]) != np.nan_to_num(price[:-1])))
    return ZoneRecord(zone, region_of(zone), time_s[changed], capacity[changed], price[changed], end_s - first_s)
