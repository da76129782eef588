"""Values over time as a line for each contender above the range of its replications."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cloudsim.report.over_time import Band, Floats, TimeGrid
from cloudsim.report.palette import looks, tint
from cloudsim.report.wording import label


def band_traces(grid: TimeGrid, bands: Sequence[Band], value_format: str, unit: str = "") -> list[Any]:
    """A line for each band, and under it the area between lowest and highest replication.

    Args:
        value_format: d3 format of the values in the hover, such as ".1%".
        unit: text behind the value in the hover.
    """
    import plotly.graph_objects as go

    traces = []
    style = looks(grid.contenders)
    for band in bands:
        look, name, meta = (style[band.contender], label(band.contender), {"contender": band.contender})
        several = grid.replications > 1
        if several and np.nanmax(band.high - band.low) > 0:
            x, y = _outline(grid.minute, band.low, band.high)
            fill = tint(look.colour, 0.16)
            traces.append(
                go.Scatter(
                    x=x,
                    y=y,
                    fill="toself",
                    fillcolor=fill,
                    line={"width": 0},
                    mode="lines",
                    hoverinfo="skip",
                    showlegend=False,
                    legendgroup=name,
                    name=name,
                    meta=meta,
                )
            )
        span = f" (%{{customdata[0]:{value_format}}} to %{{customdata[1]:{value_format}}})" if several else ""
        traces.append(
            go.Scatter(
                x=grid.minute,
                y=band.mean,
                name=name,
                legendgroup=name,
                mode="lines",
                meta=meta,
                line={"color": look.colour, "dash": look.dash, "width": 2},
                customdata=np.column_stack([band.low, band.high]) if several else None,
                hovertemplate=f"{name}: %{{y:{value_format}}}{unit}{span}<extra></extra>",
            )
        )
    return traces


def _outline(minute: Floats, low: Floats, high: Floats) -> tuple[list[float | None], list[float | None]]:
    """Closed outlines of the area between `low` and `high`, one a stretch without NaN, parted by None."""
    x: list[float | None] = []
    y: list[float | None] = []
    there = np.isfinite(low)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        at = slice(start, end)
        x += [*minute[at].round(4).tolist(), *minute[at][::-1].round(4).tolist(), None]
        y += [*low[at].round(6).tolist(), *high[at][::-1].round(6).tolist(), None]
    return x, y


def time_layout(value: str, **axis: Any) -> dict[str, Any]:
    """Layout of a figure over time; `value` titles the vertical axis and `axis` adds to it."""
    return {
        "height": 340,
        "hovermode": "x unified",
        "xaxis": {
            "title": {"text": "simulated time, minutes"},
            "rangemode": "tozero",
            "hoverformat": ".1f",
            "unifiedhovertitle": {"text": "minute %{x}"},
        },
        "yaxis": {"title": {"text": value}, "rangemode": "tozero", **axis},
    }
