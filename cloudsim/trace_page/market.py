"""Figures of a spot trace: when each zone is up, for how long, and what it costs."""

from typing import Any

import numpy as np

from cloudsim.report.figure import Figure, Plot, Section, table
from cloudsim.report.palette import CONTENDER_COLOURS, DASHES
from cloudsim.report.wording import label
from traces.inspection.market import MarketFigures, runs_s, series
from traces.span import span_s

HOUR_S = 3600.0
MOST_ZONES = 40
MOST_POINTS = 1_500


def market_sections(figures: MarketFigures, found: dict[str, Any]) -> list[Section]:
    """Availability where the trace has capacities, and prices where it has prices; of the first 40 zones."""
    frame = figures.frame()
    end_s = span_s(frame, found["facts"])
    zones = series(frame)[:MOST_ZONES]
    more = len(found["zones"]) - len(zones)
    left = f" The first {MOST_ZONES} of {len(found['zones'])} are drawn." if more else ""
    known = [(name, rows) for name, rows in zones if not rows["capacity"].isna().any()]
    priced = [(name, rows.dropna(subset="price_usd_per_h")) for name, rows in zones if rows["price_usd_per_h"].notna().any()]
    sections = []
    if known:
        shown = [
            Figure(
                "zones",
                "Each row is a zone; a bar is the time in which instances could be had.",
                {"": _gantt(known, end_s)},
                _table(found),
                wide=True,
            )
        ]
        if max(int(rows["capacity"].max()) for _, rows in known) > 1:
            shown.append(
                Figure("capacity", "How many instances could be had.", {"": _steps(known, end_s, "capacity", "instances")}, wide=True)
            )
        runs = _runs(known, end_s)
        if runs is not None:
            shown.append(
                Figure("runs", "Share of the runs that last longer; on this scale exponential ones make a straight line.", {"": runs})
            )
        sections.append(Section("availability", "Availability", _words(found) + left, shown))
    if priced:
        drawn = _steps(priced, end_s, "price_usd_per_h", "USD per hour")
        sections.append(
            Section("prices", "Prices", left.strip(), [Figure("prices", "Spot price of one instance.", {"": drawn}, wide=True)])
        )
    return sections


def _words(found: dict[str, Any]) -> str:
    words = []
    if "no_zone_up_share" in found:
        words.append(f"No zone is up {found['no_zone_up_share']:.2%} of the time.")
    known = correlation_words(found)
    return " ".join([*words, *([f"Correlation of two zones: {known}."] if known else [])])


def correlation_words(found: dict[str, Any]) -> str:
    """The correlations of an inspection's document that are known, in words; empty if none is."""
    pairs = {"within a region": found.get("correlation_within_region"), "across regions": found.get("correlation_across_regions")}
    return ", ".join(f"{name} {value:.2f}" for name, value in pairs.items() if value is not None)


def _gantt(zones: list[Any], end_s: float) -> Plot:
    """A bar for each up-run; runs closer than a pixel are joined, so that the page stays small."""
    import plotly.graph_objects as go

    traces = []
    for at, (name, rows) in enumerate(zones):
        time_s, up = rows["time_s"].to_numpy(dtype=np.float64), rows["capacity"].to_numpy() > 0
        edge = np.flatnonzero(np.diff(up, prepend=False, append=False))
        begins = time_s[edge[::2]]
        ends = np.append(time_s, end_s)[edge[1::2]]
        pixel_s = end_s / MOST_POINTS
        apart = np.append(True, begins[1:] - ends[:-1] > pixel_s) if len(begins) else np.zeros(0, dtype=np.bool_)
        first = np.flatnonzero(apart)
        last = np.append(first[1:] - 1, len(begins) - 1) if len(first) else first
        traces.append(
            go.Bar(
                orientation="h", base=(begins[first] / HOUR_S).round(3), x=((ends[last] - begins[first]) / HOUR_S).round(3),
                y=[label(name)] * len(first), width=0.7, showlegend=False, marker={"color": CONTENDER_COLOURS[at % 2]},
                hovertemplate="up from hour %{base:.2f} for %{x:.2f} h<extra>" + label(name) + "</extra>",
            )
        )  # fmt: skip
    layout = {
        "height": 120 + 26 * len(zones), "barmode": "overlay", "xaxis": {"title": {"text": "time, hours"}, "range": [0, end_s / HOUR_S]},
        "yaxis": {"title": {"text": ""}, "autorange": "reversed", "type": "category", "categoryarray": [label(name) for name, _ in zones]},
    }  # fmt: skip
    return Plot("When each zone is up", traces, layout)


def _steps(zones: list[Any], end_s: float, column: str, title: str) -> Plot:
    import plotly.graph_objects as go

    traces = []
    for at, (name, rows) in enumerate(zones):
        values, time_s = rows[column].to_numpy(dtype=np.float64), rows["time_s"].to_numpy(dtype=np.float64)
        changed = np.flatnonzero(np.append(True, np.diff(values) != 0))
        kept = changed if len(changed) <= MOST_POINTS else np.unique(changed[np.linspace(0, len(changed) - 1, MOST_POINTS).astype(int)])
        traces.append(
            go.Scatter(
                x=np.append(time_s[kept], end_s).round(1) / HOUR_S, y=np.append(values[kept], values[-1]), mode="lines", name=label(name),
                line={
                    "shape": "hv", "width": 1.5, "color": CONTENDER_COLOURS[at % len(CONTENDER_COLOURS)], "dash": DASHES[at % len(DASHES)],
                },
                showlegend=True, hovertemplate="hour %{x:.1f}: %{y:.4g} " + title + "<extra>" + label(name) + "</extra>",
            )
        )  # fmt: skip
    layout = {"height": 380, "xaxis": {"title": {"text": "time, hours"}}, "yaxis": {"title": {"text": title}, "rangemode": "tozero"}}
    return Plot(title[0].upper() + title[1:], traces, layout)


def _runs(zones: list[Any], end_s: float) -> Plot | None:
    """Survival of up- and down-runs of all zones together."""
    import plotly.graph_objects as go

    lengths: list[list[Any]] = [[], []]
    for _, rows in zones:
        time_s, up = rows["time_s"].to_numpy(dtype=np.float64), rows["capacity"].to_numpy() > 0
        for kept, found in zip(lengths, runs_s(time_s, up, end_s), strict=True):
            kept.append(found)
    traces = []
    for at, (name, parts) in enumerate(zip(("up", "down"), lengths, strict=True)):
        hours = np.sort(np.concatenate(parts)) / HOUR_S
        if len(hours) < 3:
            continue
        rank = np.unique(np.linspace(0, len(hours) - 1, MOST_POINTS).astype(int))
        traces.append(
            go.Scatter(
                x=hours[rank].round(4), y=(1 - (rank + 1) / (len(hours) + 1)).round(5), mode="lines", name=f"{name}-runs ({len(hours):,})",
                line={"color": CONTENDER_COLOURS[at], "dash": DASHES[at], "width": 2}, showlegend=True,
                hovertemplate="%{y:.1%} last longer than %{x:.2f} h<extra></extra>",
            )
        )  # fmt: skip
    layout = {
        "height": 340, "xaxis": {"title": {"text": "hours"}}, "yaxis": {"title": {"text": "share that lasts longer"}, "type": "log"},
    }  # fmt: skip
    return Plot("How long runs last", traces, layout) if traces else None


def _table(found: dict[str, Any]) -> str:
    def hours(value: float | None) -> str:
        return "–" if value is None else f"{value / HOUR_S:.2f}"

    rows = [
        (None, [name, f"{zone['availability']:.1%}", f"{zone['mean_capacity']:.3g}", hours(zone["mean_up_s"]), hours(zone["median_up_s"]),
                hours(zone["mean_down_s"]), hours(zone["median_down_s"])])
        for name, zone in found["zones"].items()
        if "availability" in zone
    ]  # fmt: skip
    heads = ["zone", "up", "mean instances", "mean up-run, h", "median", "mean down-run, h", "median"]
    return table("Zones in numbers", heads, rows)
