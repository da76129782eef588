"""SLA attainment over time: of the requests that ended in an interval, the share that met their SLA."""

from typing import TYPE_CHECKING

import numpy as np

from cloudsim.report.band_figure import band_traces, time_layout
from cloudsim.report.figure import Figure, Plot, Section
from cloudsim.report.over_time import Band, TimeGrid

if TYPE_CHECKING:
    from collections.abc import Sequence


def sla_info(grid: TimeGrid) -> "Sequence[Band]":
    """Attainment in [0, 1] by contender; NaN in bins in which no request ended."""
    met = grid.total("met_sla")
    ended = met + grid.total("missed")
    return grid.bands(np.divide(met, ended, out=np.full(met.shape, np.nan), where=ended > 0))


def axis_start(bands: "Sequence[Band]") -> float:
    """Where the vertical axis starts, so that fleets that all nearly keep their SLA can still be told apart."""
    lowest = min((float(np.nanmin(band.low)) for band in bands), default=0.0)
    return max(start for start in (0.0, 0.5, 0.8, 0.9, 0.95, 0.99) if start == 0 or start <= lowest)


def sla_section(grid: TimeGrid) -> Section:
    """One line a contender, with the range of the replications."""
    width = f"{np.median(grid.width_s):g} s" if len(grid.width_s) else "interval"
    bands = sla_info(grid)
    start = axis_start(bands)
    cut = f" Mind that the axis starts at {start:.0%}." if start else ""
    area = "; the area spans the lowest and the highest replication" if grid.replications > 1 else ""
    figure = Figure(
        "sla",
        f"Dips show when a fleet could not keep its promises. Each point is the share of the requests ended within {width} "
        f"that met their SLA{area}.{cut}",
        {
            "": Plot(
                "SLA attainment",
                band_traces(grid, bands, ".2~%"),
                time_layout("requests within their SLA", tickformat=".2~%", range=[start, 1 + 0.03 * (1 - start)]),
            )
        },
        wide=True,
    )
    text = "A request meets its SLA if it completes within the first-token, per-token and end-to-end targets of its tier. "
    text += "Lost and rejected requests count as missed."
    return Section("sla-over-time", "SLA attainment over time", text, [figure])
