"""Arrivals, queues, batches and KV cache over time."""

from typing import TYPE_CHECKING

import numpy as np

from cloudsim.report.band_figure import band_traces, time_layout
from cloudsim.report.figure import Figure, Plot, Section
from cloudsim.report.over_time import Band, TimeGrid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

TRAFFIC = "#8C8C8C"


def arrivals_info(grid: TimeGrid) -> "Sequence[Band]":
    """Arrivals per second by contender."""
    return grid.bands(grid.total("arrived") / grid.width_s)


def queue_info(grid: TimeGrid) -> "Sequence[Band]":
    """Requests that wait, at the gateway or in a replica."""
    return grid.bands(grid.average("pending") + grid.average("waiting"))


def load_section(grid: TimeGrid) -> Section:
    """Four figures of demand and of what it did to the fleets."""
    figures = [
        Figure("arrivals", "The demand that every fleet faces; bursts here explain queues.", {"": _arrivals(grid)}),
        _figure(
            grid,
            "queue",
            "Waiting requests",
            "A growing queue means that the fleet is too small for the load at that time.",
            queue_info(grid),
            "requests waiting",
            ",.1f",
        ),
        _figure(
            grid,
            "running",
            "Running requests",
            "Requests in a batch; a drop under load means that nodes went away.",
            grid.bands(grid.average("running")),
            "requests in a batch",
            ",.1f",
        ),
        _figure(
            grid,
            "kv",
            "KV cache in use",
            "Near 100 % replicas evict running requests and compute them again.",
            grid.bands(grid.average("kv_used")),
            "share of KV blocks",
            ".1%",
            tickformat=".0%",
        ),
    ]
    text = "Waiting counts requests at the gateway and in the queues of the replicas."
    return Section("load", "Arrivals and queues", text, figures)


def _figure(grid: TimeGrid, name: str, title: str, caption: str, bands: "Sequence[Band]", axis: str, shown: str, **more: "Any") -> Figure:
    return Figure(name, caption, {"": Plot(title, band_traces(grid, bands, shown), time_layout(axis, **more))})


def _arrivals(grid: TimeGrid) -> Plot:
    """One line for all contenders where their arrivals are the same, as they are in a complete run; else one each."""
    import plotly.graph_objects as go

    bands = arrivals_info(grid)
    layout = time_layout("requests per second")
    if not bands or any(not np.array_equal(band.mean, bands[0].mean, equal_nan=True) for band in bands):
        return Plot("Arrivals, by contender", band_traces(grid, bands, ".2f", "/s"), layout)
    line = go.Scatter(
        x=grid.minute,
        y=bands[0].mean,
        mode="lines",
        name="all contenders",
        line={"color": TRAFFIC, "width": 2},
        fill="tozeroy",
        fillcolor="rgba(140,140,140,0.15)",
        showlegend=True,
        hovertemplate="%{y:.2f} requests/s<extra></extra>",
    )
    return Plot("Arrivals, the same for all contenders", [line], layout)
