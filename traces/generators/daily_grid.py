"""Grids with the mean intensities of their regions, and a day's rise and fall around them."""

from math import ceil, pi
from typing import Annotated

import numpy as np
from pydantic import Field

from traces.grid import GridSeries
from traces.options import Generated, check_duration

HOUR_S = 3600.0
Intensity = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class DailyGrid(Generated):
    """Each region's intensity is a cosine around its mean, by the hour: 1 − `swing` at `cleanest_hour`, 1 + `swing` twelve hours later.

    Args:
        regions_g_per_kwh: mean by region.
        other_g_per_kwh: mean of all other regions.
        swing: in [0, 1].
        cleanest_hour: of the day.
        start_hour: of the day at time 0.
    """

    regions_g_per_kwh: dict[str, Intensity]
    other_g_per_kwh: Intensity
    swing: Annotated[float, Field(ge=0, le=1)]
    cleanest_hour: Annotated[float, Field(ge=0, lt=24)]
    start_hour: Annotated[float, Field(ge=0, lt=24)]

    def grid(self, region: str, duration_s: float) -> GridSeries:
        """One region from time 0 to `duration_s`; see `traces.sources.GridSource`."""
        check_duration(type(self).__name__, duration_s)
        mean = self.regions_g_per_kwh.get(region, self.other_g_per_kwh)
        hours = np.arange(ceil(duration_s / HOUR_S), dtype=np.float64)
        phase = 2 * pi * (self.start_hour + hours + 0.5 - self.cleanest_hour) / 24
        return GridSeries(hours * HOUR_S, mean * (1 - self.swing * np.cos(phase)))
