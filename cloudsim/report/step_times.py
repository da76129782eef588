"""A page that shows measured step times."""

from typing import TYPE_CHECKING

from cloudsim.report.document import document
from cloudsim.report.figure import Figure, Plot, Section, table
from cloudsim.report.palette import looks

if TYPE_CHECKING:
    from cloudsim.latency.step_times import StepTimes

HEIGHT = 420
POINTS = 200


def step_times_page(times: "StepTimes") -> str:
    """Decode steps by batch and context, and steps with a prompt."""
    text = f"{times.source}, {times.made}. Points between those measured are read off straight lines."
    sections = [
        Section("decode", "Decode steps", text, [_decode(times)]),
        Section("prompts", "Steps with a prompt", "max(floor, a + b·n) + c·n², fitted.", [_prompts(times)]),
    ]
    return document(f"{times.title}: step times", f"How long does a step of {times.title} take?", sections)


def _decode(times: "StepTimes") -> Figure:
    import plotly.graph_objects as go

    names = [f"{count} sequences" for count in times.sequences]
    style = looks(names)
    traces = [
        go.Scatter(
            x=times.tokens, y=row, mode="lines+markers", name=name,
            line={"color": style[name].colour, "dash": style[name].dash, "width": 2},
            hovertemplate=f"%{{x:,}} tokens: %{{y:.2f}} ms<extra>{name}</extra>",
        )
        for name, row in zip(names, times.step_ms, strict=True)
    ]  # fmt: skip
    rows = [(None, (name, *(f"{value:.2f}" for value in row))) for name, row in zip(names, times.step_ms, strict=True)]
    data = table("Table of the points, ms", ("", *(f"{tokens:,} tokens" for tokens in times.tokens)), rows)
    caption = "The distance between the lines is what a larger batch costs; their slope is what cached tokens cost."
    return Figure("decode", caption, {"": Plot("Decode step", traces, _layout("cached tokens of each sequence"))}, data, wide=True)


def _prompts(times: "StepTimes") -> Figure:
    import plotly.graph_objects as go

    form, most = times.prompt, max(times.tokens)
    tokens = [1 + index * (most - 1) // (POINTS - 1) for index in range(POINTS)]
    took = [max(form.floor_ms, form.step_ms + form.token_ms * count) + form.token2_ms * count**2 for count in tokens]
    trace = go.Scatter(x=tokens, y=took, mode="lines", name="prompt", hovertemplate="%{x:,} tokens: %{y:.1f} ms<extra></extra>")
    caption = "Flat where weights are what takes time; the slope is computation, the bend attention."
    return Figure("prompts", caption, {"": Plot("Step with one prompt", [trace], _layout("prompt, tokens"))})


def _layout(axis: str) -> dict[str, object]:
    return {"height": HEIGHT, "xaxis": {"title": {"text": axis}}, "yaxis": {"title": {"text": "ms"}, "rangemode": "tozero"}}
