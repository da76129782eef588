"""The curves of a training as one HTML page that needs nothing from outside."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cloudsim.atomic_file import replace_text
from cloudsim.l2a.training.log import COUNTS
from cloudsim.report.document import document
from cloudsim.report.figure import Figure, Plot, Section
from cloudsim.report.palette import looks
from cloudsim.report.wording import label

Rows = Sequence[Mapping[str, float]]
NUMBERED = re.compile(r"(\w+?)_(\d+)")
TOGETHER = {
    "loss": ("Loss", "Should fall and then level off; a jump means that the learning rate is too high.", r"loss(_\w+)?"),
    "compute": ("Compute, target and realised", "The two lines should meet: the gates keep to their budget.", r"compute_\w+"),
    "throughput": ("Tokens a second", "A drop means that something else used the machine.", r"tokens_per_s"),
    "gradient": ("Norm of the gradient, before clipping", "Should stay of one size; spikes are what clipping is for.", r"gradient_norm"),
}
"""Figures drawn in one plot: its title, its caption, and what their names match."""

HEIGHT = 300


def write_curves(path: Path, name: str, stages: Mapping[str, Rows]) -> None:
    """Write the page; an existing one is replaced at once.

    Args:
        path: the HTML file.
        name: of the model.
        stages: by name, one row a logged step with `step` and any figures.
    """
    sections = [stage_section(stage, rows) for stage, rows in stages.items() if rows]
    replace_text(path, document(f"{name}: training", f"How {name} was trained", sections))


def stage_section(stage: str, rows: Rows) -> Section:
    """The curves of whatever the rows of a stage hold."""
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in COUNTS]
    numbered = dict.fromkeys(match[1] for name in names if (match := NUMBERED.fullmatch(name)))
    figures, drawn = [], set[str]()
    for kind, (title, caption, pattern) in TOGETHER.items():
        chosen = [name for name in names if re.fullmatch(pattern, name)]
        drawn.update(chosen)
        if chosen:
            figures.append(_lines(f"{stage}-{kind}", title, caption, chosen, rows))
    figures += [_map(f"{stage}-{prefix}", prefix, names, rows) for prefix in numbered]
    for name in names:
        if name not in drawn and not NUMBERED.fullmatch(name):
            title = name.replace("_", " ").capitalize()
            figures.append(_lines(f"{stage}-{name}", title, f"{title} at each logged step.", [name], rows))
    last = rows[-1]
    text = f"{last['step']:,.0f} steps" + (f", {last['tokens']:,.0f} tokens" if "tokens" in last else "") + "."
    return Section(stage, stage.replace("_", " ").capitalize(), text, figures)


def _lines(name: str, title: str, caption: str, chosen: Sequence[str], rows: Rows) -> Figure:
    import plotly.graph_objects as go

    style = looks(chosen)
    traces = [
        go.Scatter(
            x=[row["step"] for row in rows if each in row],
            y=[row[each] for row in rows if each in row],
            mode="lines",
            name=label(each),
            line={"color": style[each].colour, "dash": style[each].dash, "width": 2},
            hovertemplate=f"step %{{x:,}}: %{{y:.4g}}<extra>{label(each)}</extra>",
        )
        for each in chosen
    ]
    return Figure(name, caption, {"": Plot(title, traces, _layout(title, showlegend=len(chosen) > 1))})


def _map(name: str, prefix: str, names: Sequence[str], rows: Rows) -> Figure:
    """A heat map of figures such as `keep_layer_00`, one row a number; what is kept is shown as what is skipped."""
    import plotly.graph_objects as go

    chosen = sorted(each for each in names if (match := NUMBERED.fullmatch(each)) and match[1] == prefix)
    there = [row for row in rows if chosen[0] in row]
    skipped, what = prefix.startswith("keep_"), prefix.removeprefix("keep_").replace("_", " ")
    values = [[(1 - row[each] if skipped else row[each]) if each in row else None for row in there] for each in chosen]
    limits: dict[str, Any] = {"zmin": 0, "zmax": 1} if skipped else {}
    trace = go.Heatmap(
        x=[row["step"] for row in there],
        y=[int(each.rpartition("_")[2]) for each in chosen],
        z=values,
        colorscale="Cividis",
        colorbar={"thickness": 12},
        hovertemplate=f"step %{{x:,}}, {label(what)} %{{y}}: %{{z:.3f}}<extra></extra>",
        **limits,
    )
    title = f"Sparsity by {what}" if skipped else prefix.replace("_", " ").capitalize()
    caption = f"Share of the sequences that skip each {what}; bright is skipped by all." if skipped else f"{title} at each logged step."
    layout = _layout(what, height=max(HEIGHT, 120 + 14 * len(chosen)))
    layout["yaxis"] |= {"dtick": 1 if len(chosen) <= 20 else 4, "autorange": "reversed"}
    return Figure(name, caption, {"": Plot(title, [trace], layout)}, wide=True)


def _layout(axis: str, height: int = HEIGHT, **more: Any) -> dict[str, Any]:
    return {"height": height, "xaxis": {"title": {"text": "step"}}, "yaxis": {"title": {"text": axis}}, "hovermode": "closest", **more}
