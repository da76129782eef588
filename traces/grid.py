"""How much carbon dioxide a kilowatt-hour comes with, over time."""

from dataclasses import dataclass

import numpy as np

from traces.errors import TraceError
from traces.tables import Floats

J_PER_KWH = 3.6e6


@dataclass(frozen=True, slots=True)
class GridSeries:
    """The grid of one region as change points: value i holds from time_s[i] until time_s[i + 1].

    Args:
        time_s: strictly increasing, the first is 0. Shape (k,).
        g_per_kwh: grams of CO2 equivalent, at least 0. Shape (k,).
    """

    time_s: Floats
    g_per_kwh: Floats

    def check(self) -> "GridSeries":
        """Return the series itself, or raise `TraceError` with what is broken."""
        if len(self.time_s) != len(self.g_per_kwh) or not len(self.time_s):
            raise TraceError("a grid series needs one intensity for each time")
        if self.time_s[0] != 0 or not np.isfinite(self.time_s).all() or (np.diff(self.time_s) <= 0).any():
            raise TraceError("the times of a grid series must start at 0 and rise; they run backwards or repeat")
        if not (np.isfinite(self.g_per_kwh) & (self.g_per_kwh >= 0)).all():
            raise TraceError("an intensity of a grid series is negative or not a number")
        return self

    def mean(self, from_s: float, to_s: float) -> float:
        """Mean intensity over an interval; the intensity at its start if it has no length."""
        first = int(np.searchsorted(self.time_s, from_s, side="right")) - 1
        if to_s <= from_s:
            return float(self.g_per_kwh[first])
        last = int(np.searchsorted(self.time_s, to_s, side="left"))
        edges = np.concatenate(([from_s], self.time_s[first + 1 : last], [to_s]))
        return float(np.dot(np.diff(edges), self.g_per_kwh[first:last]) / (to_s - from_s))
