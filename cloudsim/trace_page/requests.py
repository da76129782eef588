"""Figures of a request trace: arrivals, how they hang together, and lengths."""

from typing import Any

import numpy as np

from cloudsim.report.figure import Figure, Plot, Section, table
from cloudsim.report.palette import CONTENDER_COLOURS, DASHES
from cloudsim.report.wording import label
from traces.inspection.lengths import Lengths
from traces.inspection.requests import RequestFigures

MOST_POINTS = 2_000
MOST_LAGS = 120
BINS_PER_DECADE = 12
BURSTINESS = {"gap_cv": "CV of gaps", "gap_cv_in_10_min": "within ten minutes", "peak_minute_ratio": "busiest minute over mean"}


def request_sections(figures: RequestFigures, found: dict[str, Any]) -> list[Section]:
    """Two sections: time and tokens."""
    arrivals = [
        Figure(
            "arrivals",
            "How many requests arrive; bursts and the hours of the day are what a fleet has to follow.",
            {"": _arrivals(figures)},
        )
    ]
    lags = _autocorrelation(figures.minutes[: int(figures.span_s // 60)])
    if lags is not None:
        arrivals.append(
            Figure(
                "memory",
                "How alike the counts of two minutes are by their distance; a slow fall means that rates drift, not jump.",
                {"": lags},
            )
        )
    parts = {"input": figures.input, "output": figures.output, "reasoning": figures.reasoning}
    lengths = {name: one for name, one in parts.items() if one.count}
    shown = [Figure("lengths", "Share of the requests by length, on a logarithmic scale.", {"": _lengths(lengths)}, _table(found))]
    return [Section("arrivals", "Arrivals", _words(found), arrivals), Section("tokens", "Tokens", "", shown)]


def _words(found: dict[str, Any]) -> str:
    rate = f"{found['rate_rps']:.3g} requests a second" if found["rate_rps"] is not None else "All at one time"
    cvs = [f"{name} {found[key]:.2f}" for key, name in BURSTINESS.items() if found[key] is not None]
    return f"{rate}; {', '.join(cvs)}." if cvs else f"{rate}."


def _arrivals(figures: RequestFigures) -> Plot:
    import plotly.graph_objects as go

    minutes = figures.minutes
    wide = max(1, -(-len(minutes) // MOST_POINTS))
    padded = np.pad(minutes, (0, -len(minutes) % wide)).reshape(-1, wide)
    lasts_s = np.full(len(padded), 60.0 * wide)
    if len(lasts_s):
        lasts_s[-1] = max(figures.span_s - 60.0 * wide * (len(padded) - 1), 1.0)
    hours = np.arange(len(padded)) * wide / 60
    line = go.Scatter(
        x=hours.round(4), y=(padded.sum(axis=1) / lasts_s).round(5), mode="lines", line={"color": CONTENDER_COLOURS[0], "width": 1.5},
        fill="tozeroy", fillcolor="rgba(0,114,178,0.12)", showlegend=False,
        hovertemplate="hour %{x:.2f}: %{y:.3g} requests/s<extra></extra>",
    )  # fmt: skip
    return Plot(f"Arrivals, by {wide} minute{'s' * (wide > 1)}", [line], _layout("time, hours", "requests per second"))


def _autocorrelation(minutes: Any) -> Plot | None:
    import plotly.graph_objects as go

    lags = min(MOST_LAGS, len(minutes) // 3)
    centred = minutes - minutes.mean() if len(minutes) else minutes
    if lags < 2 or not centred.any():
        return None
    square = float(np.dot(centred, centred))
    values = [float(np.dot(centred[lag:], centred[:-lag])) / square for lag in range(1, lags + 1)]
    bars = go.Bar(
        x=list(range(1, lags + 1)), y=np.round(values, 4), marker={"color": CONTENDER_COLOURS[0]}, showlegend=False,
        hovertemplate="%{x} minutes apart: %{y:.2f}<extra></extra>",
    )  # fmt: skip
    return Plot("Correlation of the counts of two minutes", [bars], _layout("minutes apart", "autocorrelation"))


def _lengths(lengths: dict[str, Lengths]) -> Plot:
    import plotly.graph_objects as go

    longest = max(one.quantiles((1.0,))[0] for one in lengths.values())
    decades = max(np.log10(max(longest, 10.0)), 1.0)
    edges = np.unique(np.rint(np.logspace(0, decades, int(decades * BINS_PER_DECADE) + 1)))
    edges[-1] = max(edges[-1], longest + 1)
    traces = []
    for at, (name, one) in enumerate(lengths.items()):
        share = one.histogram(edges) / one.count
        traces.append(
            go.Scatter(
                x=edges[:-1], y=share.round(6), mode="lines", name=label(f"{name} tokens"),
                line={"shape": "hv", "color": CONTENDER_COLOURS[at], "dash": DASHES[at], "width": 2}, showlegend=True,
                hovertemplate="from %{x:,.0f} tokens: %{y:.2%}<extra></extra>",
            )
        )  # fmt: skip
    layout = _layout("tokens", "share of requests")
    layout["xaxis"]["type"] = "log"
    layout["yaxis"]["tickformat"] = ".0%"
    return Plot("Lengths", traces, layout)


def _table(found: dict[str, Any]) -> str:
    rows: list[tuple[str | None, list[str]]] = []
    for name in ("input_tokens", "output_tokens", "reasoning_tokens"):
        if one := found.get(name):
            levels = [f"{one[level]:,.0f}" for level in ("p50", "p90", "p99", "mean")]
            rows.append((None, [name, *levels, f"{one['log_mean']:.2f}", f"{one['log_deviation']:.2f}"]))
    return table("Lengths in numbers", ["tokens", "p50", "p90", "p99", "mean", "lognormal mu", "sigma"], rows)


def _layout(horizontal: str, vertical: str) -> dict[str, Any]:
    return {
        "height": 340, "xaxis": {"title": {"text": horizontal}}, "yaxis": {"title": {"text": vertical}, "rangemode": "tozero"},
    }  # fmt: skip
