"""Quality against cost and against SLA attainment, with confidence intervals both ways."""

from collections.abc import Mapping
from typing import Any

from cloudsim.report.figure import Figure, Plot, Section, Selector
from cloudsim.report.measures import Measure, measure
from cloudsim.report.palette import looks
from cloudsim.report.verdict import Verdict
from cloudsim.report.wording import label

TICKS: Mapping[str, dict[str, Any]] = {
    "quality": {"tickformat": ".4~%"},
    "sla_attainment": {"tickformat": ".4~%"},
    "cost_usd": {"tickprefix": "$"},
    "cost_usd_per_1000_met": {"tickprefix": "$"},
}


def quality_section(verdict: Verdict) -> Section:
    """Two scatter figures; the better corner is named in each caption."""
    against = {
        "total": _scatter(verdict, "cost_usd", "Quality against the cost of a run"),
        "per-1000": _scatter(verdict, "cost_usd_per_1000_met", "Quality against cost per 1,000 requests within their SLA"),
    }
    figures = [
        Figure("quality-cost", "Up and to the left is better: right answers for less money.", against),
        Figure(
            "quality-sla",
            "Up and to the right is better: right answers, in time.",
            {"": _scatter(verdict, "sla_attainment", "Quality against SLA attainment")},
        ),
    ]
    choice = Selector("Cost", [("total", "of a run"), ("per-1000", "per 1,000 in SLA")], "cost")
    bars = " Bars are 95 % confidence intervals over the seeds." if verdict.seeds > 1 else ""
    text = f"Answer quality is the share of right answers on the family's benchmark task.{bars}"
    return Section("quality", "Quality", text, figures, [choice])


def _scatter(verdict: Verdict, key: str, title: str) -> Plot:
    import plotly.graph_objects as go

    across, up = measure(key), measure("quality")
    style = looks(verdict.contenders)
    traces, without = [], []
    for name in verdict.contenders:
        cells = [verdict.cells.get((name, axis.key)) for axis in (across, up)]
        means = [None if cell is None else cell.value.mean for cell in cells]
        if means[0] is None or means[1] is None:
            without.append(name)
            continue
        look = style[name]
        traces.append(
            go.Scatter(
                x=[means[0]],
                y=[means[1]],
                error_x=_error(verdict, name, across, look.colour),
                error_y=_error(verdict, name, up, look.colour),
                name=label(name),
                mode="markers",
                meta={"contender": name},
                marker={"color": look.colour, "symbol": look.symbol, "size": 13, "line": {"width": 1, "color": "#777"}},
                hovertemplate=f"{label(name)}<br>{up.label}: {label(up.show(means[1]))}<br>{across.label}: {label(across.show(means[0]))}"
                "<extra></extra>",
            )
        )
    if without:
        title += f" ({len(without)} without a value left out)"
    axes = {at: {"title": {"text": axis.label}, **TICKS[axis.key]} for at, axis in (("xaxis", across), ("yaxis", up))}
    return Plot(title, traces, {"height": 380, "hovermode": "closest", **axes})


def _error(verdict: Verdict, name: str, axis: Measure, colour: str) -> dict[str, Any] | None:
    value = verdict.cells[name, axis.key].value
    if value.mean is None or value.low is None or value.high is None:
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": [value.high - value.mean],
        "arrayminus": [value.mean - value.low],
        "color": colour,
        "thickness": 1.5,
        "width": 4,
    }
