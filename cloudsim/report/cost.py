"""What the money bought: the bill by class of GPU time, and how it grew."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudsim.report.band_figure import band_traces, time_layout
from cloudsim.report.figure import Figure, Plot, Section, table
from cloudsim.report.over_time import TimeGrid
from cloudsim.report.palette import ALARM, looks, tint
from cloudsim.report.wording import NOTHING, label, percent, usd

CLASSES = {"useful": "", "idle": ".", "starting": "/", "lost": "x", "transfer": "-"}
"""Class of money and the hatch pattern that stands for it."""


@dataclass(frozen=True, slots=True)
class Bill:
    """Mean US dollars of one contender by class; a class without a value is 0."""

    contender: str
    usd: dict[str, float]

    @property
    def total(self) -> float:
        """Sum of the classes."""
        return sum(self.usd.values())


def cost_info(summary: Mapping[str, Any]) -> list[Bill]:
    """The mean bill of every contender, from `summary.json`."""
    return [
        Bill(name, {kind: metrics.get(f"{kind}_usd", {}).get("mean") or 0.0 for kind in CLASSES})
        for name, metrics in summary["contenders"].items()
    ]


def cost_section(summary: Mapping[str, Any], grid: TimeGrid) -> Section:
    """Bars of the bill by class, and the spend over time."""
    bills = cost_info(summary)
    shares = [(bill.contender, [bill.contender, *(_money(bill, kind) for kind in CLASSES), usd(bill.total)]) for bill in bills]
    figures = [
        Figure(
            "cost",
            "Plain is work that counted; every pattern is money that served no request.",
            {"": _bars(bills)},
            table("Cost by class", ["contender", *CLASSES, "sum"], shares),
        ),
        Figure(
            "spend",
            "A steeper line is a dearer fleet; a kink is a change of price or of fleet size.",
            {
                "": Plot(
                    "Spend since the start",
                    band_traces(grid, grid.bands(grid.average("spent_usd")), "$,.2f"),
                    time_layout("US dollars", tickprefix="$"),
                )
            },
        ),
    ]
    text = "Useful: work that was kept. Idle: ready without work. Starting: billed before ready. Lost: work thrown away or done twice. "
    text += "Transfer: KV sent to other zones."
    return Section("cost", "Cost", text, figures)


def _money(bill: Bill, kind: str) -> str:
    return f"{usd(bill.usd[kind])} ({percent(bill.usd[kind] / bill.total)})" if bill.total else NOTHING


def _bars(bills: list[Bill]) -> Plot:
    import plotly.graph_objects as go

    style = looks([bill.contender for bill in bills])
    traces: list[Any] = []
    for kind, hatch in CLASSES.items():
        sign = ALARM if kind == "lost" else "#8C8C8C"
        traces.append(
            go.Bar(
                orientation="h",
                x=[None],
                y=[None],
                name=kind,
                legendgroup=kind,
                marker=marker(sign, hatch),
                showlegend=True,
                hoverinfo="skip",
            )
        )
        for bill in bills:
            name = label(bill.contender)
            traces.append(
                go.Bar(
                    orientation="h",
                    y=[name],
                    x=[bill.usd[kind]],
                    name=kind,
                    legendgroup=kind,
                    showlegend=False,
                    meta={"contender": bill.contender},
                    marker=marker(ALARM if kind == "lost" else style[bill.contender].colour, hatch),
                    hovertemplate=f"{name}<br>{kind}: $%{{x:,.2f}} of {label(usd(bill.total))}<extra></extra>",
                )
            )
    layout = {
        "height": max(340, 130 + 40 * len(bills)),
        "barmode": "stack",
        "bargap": 0.35,
        "xaxis": {"title": {"text": "US dollars a run"}, "tickprefix": "$"},
        "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": [label(bill.contender) for bill in bills][::-1]},
    }
    return Plot("Mean cost of a run, by class", traces, layout)


def marker(colour: str, hatch: str) -> dict[str, Any]:
    """Bar marker: full colour without a hatch, a tint with the hatch in full colour otherwise."""
    if not hatch:
        return {"color": colour, "line": {"width": 0}}
    pattern = {"shape": hatch, "fgcolor": colour, "bgcolor": tint(colour, 0.22), "size": 7, "solidity": 0.35, "fillmode": "replace"}
    return {"color": colour, "pattern": pattern, "line": {"width": 1, "color": colour}}
