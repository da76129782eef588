"""A search as one HTML page that needs nothing from outside."""

from collections.abc import Sequence
from typing import Any

from cloudsim.report.document import document
from cloudsim.report.figure import Figure, Plot, Section, table
from cloudsim.report.measures import measure
from cloudsim.report.palette import ALARM, CONTENDER_COLOURS
from cloudsim.report.provenance import provenance_section
from cloudsim.report.verdict import verdict_info
from cloudsim.report.verdict_table import verdict_section
from cloudsim.report.wording import label
from cloudsim.results import RunFolder
from cloudsim.tuning.search import Found, Tried
from cloudsim.tuning.target import COST
from cloudsim.tuning.task import Task

GREY = "#8C8C8C"
LOOKS = {
    "within the cap": (CONTENDER_COLOURS[0], "circle"),
    "above the cap": (CONTENDER_COLOURS[1], "square-open"),
    "ended early": (GREY, "x-thin-open"),
}
ROW_PX, HEAD_PX = 26, 90
BEST_SHARE = 0.2
"""Share of the feasible trials that are drawn in colour among the parallel coordinates."""


def render(task: Task, found: Found, evaluation: RunFolder) -> str:
    """The HTML text; the same search gives the same bytes."""
    verdict = verdict_section(verdict_info(evaluation.summary))
    judged = Section(
        "evaluation", "On traces that the search never saw", "Untuned against tuned, on the seeds of the evaluation.", html=verdict.html
    )
    sections = [judged, _history(found), _parameters(task, found), provenance_section(evaluation.manifest, evaluation.config)]
    return document(f"cloudsim: {task.name} tuned", f"What does tuning {task.name} gain?", sections)


def _history(found: Found) -> Section:
    import plotly.graph_objects as go

    first = found.target.objectives[0]
    traces: list[Any] = []
    for group, (colour, symbol) in LOOKS.items():
        mine = [one for one in found.trials if one.ahead is not None and _group(one) == group]
        if mine:
            traces.append(
                go.Scatter(
                    x=[one.number for one in mine],
                    y=[one.ahead for one in mine],
                    mode="markers",
                    name=group,
                    marker={"color": colour, "symbol": symbol, "size": 8},
                    hovertemplate=f"trial %{{x}}: %{{y:+.4g}}<extra>{group}</extra>",
                )
            )
    best = [_until(found, at) for at in range(len(found.trials))]
    line = {"color": CONTENDER_COLOURS[2], "shape": "hv", "width": 2}
    traces.append(go.Scatter(x=list(range(len(best))), y=best, mode="lines", name="best so far", line=line, hoverinfo="skip"))
    level = {"color": ALARM, "dash": "dash", "width": 1.5}
    traces.append(go.Scatter(x=[0, max(1, len(best) - 1)], y=[0, 0], mode="lines", name="untuned", line=level, hoverinfo="skip"))
    title = f"{_title(first)}, less untuned"
    layout = {"height": 360, "hovermode": "closest", "xaxis": {"title": {"text": "trial"}}, "yaxis": {"title": {"text": title}}}
    caption = "Each mark is a setting beside the untuned one in the same replications; the line is the best within the cap."
    figures = [Figure("history", caption, {"": Plot("History", traces, layout)})]
    if len(found.target.objectives) > 1:
        figures.append(_front(found))
    states = [one.state for one in found.trials]
    text = (
        f"{len(states)} settings on the calibration traces: {states.count('complete')} complete, {states.count('pruned')} ended early, "
        f"{states.count('failed')} failed. The cap is {found.cap_usd_per_h:,.2f} US dollars an hour."
    )
    return Section("search", "The search", text, figures)


def _front(found: Found) -> Figure:
    import plotly.graph_objects as go

    one, other = found.target.objectives[:2]
    front = sorted(found.front, key=lambda tried: tried.means[one])
    rest = [tried for tried in found.candidates if tried not in front]
    line = {"color": CONTENDER_COLOURS[0], "width": 1.5}
    traces = [
        go.Scatter(
            x=[tried.means[one] for tried in mine], y=[tried.means[other] for tried in mine], mode=mode, name=name, line=line,
            marker={"color": colour, "size": 9}, hovertemplate="%{x:.5g}, %{y:.5g}<extra></extra>",
        )
        for name, mine, mode, colour in (("Pareto front", front, "lines+markers", CONTENDER_COLOURS[0]), ("beaten", rest, "markers", GREY))
    ]  # fmt: skip
    layout = {"height": 360, "hovermode": "closest", "xaxis": {"title": {"text": _title(one)}}, "yaxis": {"title": {"text": _title(other)}}}
    return Figure("front", "Settings on the front are beaten by none in all objectives.", {"": Plot("Pareto front", traces, layout)})


def _parameters(task: Task, found: Found) -> Section:
    import plotly.graph_objects as go

    figures = []
    if found.importances:
        names, shares = list(found.importances)[::-1], list(found.importances.values())[::-1]
        bar = go.Bar(
            x=shares, y=[label(name) for name in names], orientation="h", marker={"color": CONTENDER_COLOURS[0]},
            hovertemplate="%{y}: %{x:.0%}<extra></extra>",
        )  # fmt: skip
        layout = {"height": HEAD_PX + ROW_PX * len(names), "xaxis": {"tickformat": ".0%", "title": {"text": "share"}}}
        goal = _title(found.target.objectives[0])
        caption = f"How much each parameter tells the best tenth of the settings from the others (PED-ANOVA), of {goal}."
        figures.append(Figure("importances", caption, {"": Plot("What matters", [bar], layout)}))
    figures.append(_coordinates(task, found))
    metrics = list(dict.fromkeys((*found.target.objectives, COST)))
    rows: list[tuple[str | None, Sequence[str]]] = []
    for one in (found.untuned, *found.trials):
        means = [f"{one.means[name]:.6g}" if one.means else "–" for name in metrics]
        shown = [
            "untuned" if one is found.untuned else str(one.number),
            _group(one),
            *means,
            *(_shown(value) for value in one.setting.values()),
        ]
        rows.append((None, shown))
    html = table("All trials", ["trial", "state", *metrics, *task.space.parameters], rows)
    keys = ", ".join(f"{key} = {_shown(value)} (untuned {_shown(found.untuned.setting[key])})" for key, value in found.best.setting.items())
    return Section("parameters", "The parameters", f"Best: {keys}.", figures, html=html)


def _coordinates(task: Task, found: Found) -> Figure:
    """Parallel coordinates as plain lines: each axis from the least to the greatest value that was tried."""
    import plotly.graph_objects as go

    keys, first = list(task.space.parameters), found.target.objectives[0]
    tried = [one for one in found.trials if one.state == "complete"]
    places = {key: _places([one.setting[key] for one in (found.untuned, *tried)]) for key in keys}
    ordered = sorted((one for one in tried if one.feasible), key=lambda one: one.means[first], reverse=found.target.raised[0])
    bright = {one.number for one in ordered[: max(1, round(BEST_SHARE * len(ordered)))]}
    traces = []
    for one in (*tried, found.untuned):
        untuned = one is found.untuned
        colour = ALARM if untuned else CONTENDER_COLOURS[0] if one.number in bright else GREY
        name = "untuned" if untuned else f"trial {one.number}"
        values = [f"{label(key)} = {label(_shown(one.setting[key]))}" for key in keys]
        traces.append(
            go.Scatter(
                x=[label(key) for key in keys],
                y=[places[key][json_key(one.setting[key])] for key in keys],
                mode="lines+markers",
                name=name,
                showlegend=False,
                line={"color": colour, "width": 2 if untuned or one.number in bright else 1, "dash": "dash" if untuned else "solid"},
                opacity=1.0 if untuned or one.number in bright else 0.35,
                text=values,
                hovertemplate=f"{name}: %{{text}}, {label(first)} {one.means[first]:.5g}<extra></extra>",
            )
        )
    layout = {
        "height": 380,
        "hovermode": "closest",
        "yaxis": {"tickvals": [0, 1], "ticktext": ["least tried", "greatest tried"], "range": [-0.05, 1.05]},
    }
    caption = "A line is a setting: blue the best fifth within the cap, dashed the untuned one. Where blue lines meet, the value matters."
    return Figure("coordinates", caption, {"": Plot("Settings", traces, layout)}, wide=True)


def json_key(value: Any) -> str:
    """A value that may be a list, as a key."""
    return repr(value)


def _places(values: Sequence[Any]) -> dict[str, float]:
    """Where each value stands between the least and the greatest; those that are no numbers in the order of their first use."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        low, high = min(values), max(values)
        return {json_key(value): (value - low) / (high - low) if high > low else 0.5 for value in values}
    distinct = list(dict.fromkeys(map(json_key, values)))
    return {key: at / max(1, len(distinct) - 1) for at, key in enumerate(distinct)}


def _until(found: Found, at: int) -> float:
    """By how much the best within the cap is ahead of the untuned setting after trial `at`."""
    first = found.target.objectives[0]
    best = Found(found.target, found.untuned, found.cap_usd_per_h, found.trials[: at + 1], {}).best
    return best.means[first] - found.untuned.means[first]


def _group(one: Tried) -> str:
    if one.state == "failed":
        return "failed"
    return "ended early" if one.state == "pruned" else "within the cap" if one.feasible else "above the cap"


def _title(metric: str) -> str:
    return {"net_value_usd_per_h": "net value, USD an hour", COST: "cost, USD an hour"}.get(metric, measure(metric).label)


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
