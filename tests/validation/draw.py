"""`python -m tests.validation.draw`: the figures of docs/validation.md, from the points that the tests judge."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cloudsim.models.spec import find_model
from cloudsim.report.palette import CONTENDER_COLOURS, SYMBOLS
from tests.picture import DOCS, take_figure
from tests.validation.comparison import SILICON, benchmarks, decode_errors, prefill_errors, skipping

NAMES = {"uniform": "half of the layers, alike", "independent": "half of the layers, each its own"}


def heat(errors):
    """Mean error in percent by model and by GPU with its precision, on one GPU each."""
    alone = {key: value for key, value in errors.items() if key[2] == 1}
    models = sorted({key[3] for key in alone}, key=lambda name: find_model(name).params, reverse=True)
    columns = sorted({(key[0], key[1]) for key in alone})
    values = [[100 * alone.get((gpu, precision, 1, model), np.nan) for gpu, precision in columns] for model in models]
    return go.Heatmap(
        z=values, x=[f"{gpu} {precision}" for gpu, precision in columns], y=models, zmin=0, zmax=10, colorscale="Blues",
        texttemplate="%{z:.1f}", showscale=False, hoverongaps=False,
    )  # fmt: skip


def scatter(points, name, index, legend):
    measured, ours = zip(*points, strict=True)
    marker = {"color": CONTENDER_COLOURS[index], "symbol": SYMBOLS[index], "size": 6, "opacity": 0.7}
    return go.Scatter(x=measured, y=ours, mode="markers", name=name, marker=marker, legend=legend)


def figure():
    made = make_subplots(
        2, 2, horizontal_spacing=0.16, vertical_spacing=0.13,
        subplot_titles=(
            "decode steps: mean error, %", "steps with prompts: mean error, %", "benchmarks of real engines: ms per output token",
            "what skipping leaves: ms per step",
        ),
    )  # fmt: skip
    made.add_trace(heat(decode_errors()), 1, 1)
    made.add_trace(heat(prefill_errors()), 1, 2)
    for index, (model, gpu, backend) in enumerate(SILICON):
        made.add_trace(scatter(benchmarks(model, gpu, backend), f"{model} {gpu} {backend}", index, "legend"), 2, 1)
    points = skipping()
    for index, (kind, name) in enumerate(NAMES.items()):
        made.add_trace(scatter([point[1:] for point in points if point[0] == kind], name, index, "legend2"), 2, 2)
    for column, low, high in ((1, 3, 200), (2, 1.8, 60)):
        edges = np.array([low, high])
        for factor, dash in ((1.0, "solid"), (0.92, "dot"), (1.08, "dot")):
            line = {"color": "#8C8C8C", "dash": dash, "width": 1}
            made.add_trace(go.Scatter(x=edges, y=factor * edges, mode="lines", line=line, showlegend=False), 2, column)
        made.update_xaxes(type="log", title="measured", row=2, col=column)
        made.update_yaxes(type="log", title="simulated (dotted: 8 %)", row=2, col=column)
    made.update_layout(
        width=1240, height=1000, template="plotly_white", font={"size": 12}, margin={"l": 110, "r": 20, "t": 40, "b": 60},
        legend={"x": 0.01, "y": 0.39, "bgcolor": "rgba(255,255,255,0.8)"},
        legend2={"x": 0.6, "y": 0.39, "bgcolor": "rgba(255,255,255,0.8)"},
    )  # fmt: skip
    return made


def main():
    take_figure(figure(), DOCS / "validation.png")


if __name__ == "__main__":
    main()
