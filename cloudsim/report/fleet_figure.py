"""The fleet section: nodes in their zones as bars over time, and how many were ready."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cloudsim.report.band_figure import band_traces, time_layout
from cloudsim.report.cost import marker
from cloudsim.report.figure import Figure, Plot, Section, Selector, table
from cloudsim.report.fleet_timeline import FleetRun, Segments
from cloudsim.report.over_time import TimeGrid
from cloudsim.report.palette import ALARM, Look, looks
from cloudsim.report.wording import label

HATCHES = {"starting": "/", "ready": "", "notice": "x"}
MARKS = {
    "reclaimed": ("x", "reclaimed"), "shrunk": ("triangle-down", "lost memory"), "crashed": ("star", "crashed"),
    "restarted": ("circle", "started anew"),
}  # fmt: skip
WORDS = {"starting": "starting", "ready": "ready", "notice": "under notice"}


def fleet_section(runs: Sequence[FleetRun], grid: TimeGrid) -> Section:
    """One drawing a contender and replication to choose from, and the ready nodes of all."""
    contenders = list(dict.fromkeys(run.contender for run in runs))
    replications = sorted({run.replication for run in runs})
    style = looks(contenders)
    plots = {f"{contenders.index(run.contender)}|{run.replication}": _plot(run, style[run.contender]) for run in runs}
    counts = [
        (run.contender, [f"{run.contender}, replication {run.replication}", f"{run.nodes:,}", f"{run.reclaimed:,}", f"{_unnoticed(run):,}"])
        for run in runs
    ]
    figures = [
        Figure(
            "fleet",
            "Each bar is one node; its row is a place in a zone that later nodes use again. A cross marks a node that was taken back; "
            "other marks say what happened to its memory or GPUs.",
            plots,
            table("Nodes by run", ["run", "nodes", "reclaimed", "of these without notice"], counts),
            wide=True,
        ),
        Figure(
            "ready",
            "The compute each fleet really had; gaps to the planned size are preemptions and cold starts.",
            {
                "": Plot(
                    "Nodes that take requests", band_traces(grid, grid.bands(grid.average("ready")), ",.1f"), time_layout("ready nodes")
                )
            },
            wide=True,
        ),
    ]
    selectors = [
        Selector("Contender", [(str(i), name) for i, name in enumerate(contenders)], "contender"),
        Selector("Replication", [(str(replication), str(replication)) for replication in replications], "replication"),
    ]
    text = "Starting: granted but not ready yet. Ready: takes requests. Under notice: will be reclaimed within seconds to minutes."
    return Section("fleet-timeline", "Fleet timeline", text, figures, selectors)


def _unnoticed(run: FleetRun) -> int:
    return int((~np.isin(run.marks["reclaimed"].node, run.phases["notice"].node)).sum())


def _plot(run: FleetRun, look: Look) -> Plot:
    import plotly.graph_objects as go

    traces: list[Any] = []
    for phase, hatch in HATCHES.items():
        part = run.phases[phase]
        traces.append(
            go.Bar(
                orientation="h",
                base=part.start_min.round(3),
                x=part.length_min.round(3),
                y=part.lane,
                width=0.84,
                name=WORDS[phase],
                marker=marker(ALARM if phase == "notice" else look.colour, hatch),
                customdata=_custom(part),
                text=[label(t) for t in part.text],
                textposition="none",
                showlegend=True,
                hovertemplate="node %{customdata[0]}: "
                + WORDS[phase]
                + " from minute %{base:.1f} for %{customdata[1]:.1f} min<br>%{text}<extra></extra>",
            )
        )
    for name, moments in run.marks.items():
        if name != "reclaimed" and not len(moments.node):
            continue
        traces.append(
            go.Scatter(
                x=moments.start_min.round(3),
                y=moments.lane,
                mode="markers",
                name=MARKS[name][1],
                customdata=_custom(moments),
                text=None if name == "reclaimed" else moments.text,
                showlegend=True,
                marker={"symbol": MARKS[name][0], "size": 8, "color": "#222222", "line": {"width": 1, "color": "#FFFFFF"}},
                hovertemplate=f"node %{{customdata[0]}} {MARKS[name][1]} at minute %{{x:.1f}}"
                + ("" if name == "reclaimed" else "<br>%{text}")
                + "<extra></extra>",
            )
        )
    total = sum(zone.lanes for zone in run.zones)
    lines = [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": zone.first - 0.5,
            "y1": zone.first - 0.5,
            "line": {"color": "#8C8C8C", "width": 1},
        }
        for zone in run.zones[1:]
    ]
    layout = {
        "height": int(min(900, max(280, 150 + 19 * total))),
        "barmode": "overlay",
        "hovermode": "closest",
        "shapes": lines,
        "xaxis": {"title": {"text": "simulated time, minutes"}, "rangemode": "tozero"},
        "yaxis": {
            "range": [total - 0.5, -0.5],
            "tickvals": [zone.first + (zone.lanes - 1) / 2 for zone in run.zones],
            "ticktext": [label(zone.zone) for zone in run.zones],
            "showgrid": False,
            "zeroline": False,
            "title": {"text": "zone"},
        },
    }
    left_out = f"; {run.hidden:,} nodes are not drawn" if run.hidden else ""
    title = f"{run.contender}, replication {run.replication}: {run.nodes:,} nodes, {run.reclaimed:,} reclaimed{left_out}"
    return Plot(title, traces, layout)


def _custom(part: Segments) -> Any:
    return np.column_stack([part.node, part.length_min.round(3)])
