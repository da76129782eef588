"""The figures of the page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cloudsim.l2a.evaluation.catalog import DENSE, METHODS
from cloudsim.l2a.evaluation.frontier import Point, groups
from cloudsim.report.figure import Figure, Plot, table
from cloudsim.report.palette import looks
from cloudsim.report.wording import label, percent

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.result import Result
    from cloudsim.l2a.evaluation.timing import Timing

HEIGHT = 420


def frontier_figure(points: Sequence[Point], split: str) -> Figure:
    """Accuracy against realised compute with intervals, one line a method."""
    chosen = [point for point in points if point.split == split]
    traces = []
    for method in _methods(chosen):
        mine = sorted((point for point in chosen if point.method == method), key=lambda point: point.compute_share)
        heights = {
            "array": [point.ci95[1] - point.accuracy for point in mine],
            "arrayminus": [point.accuracy - point.ci95[0] for point in mine],
        }
        hover = [f"b = {point.budget:g}: {percent(point.accuracy)} at {percent(point.compute_share)} compute" for point in mine]
        x, y = [point.compute_share for point in mine], [point.accuracy for point in mine]
        traces.append(_line(method, x, y, hover, error_y={"type": "data", "symmetric": False, "thickness": 1, **heights}))
    rows = [(None, _cells(point)) for point in chosen]
    data = table("Table of the points", HEAD, rows)
    caption = "Up and to the left is better: more right answers with less compute."
    layout = _layout("realised compute", "accuracy")
    return Figure(f"frontier-{split}", caption, {"": Plot(f"Accuracy, {split}", traces, layout)}, data, wide=True)


HEAD = ("method", "b", "accuracy", "95 % interval", "to dense", "layers skipped", "heads skipped", "compute", "KV", "think tokens", "masks")


def _cells(point: Point) -> list[str]:
    low, high = point.ci95
    return [
        point.method, f"{point.budget:g}", percent(point.accuracy), f"{percent(low)} to {percent(high)}",
        percent(point.difference, sign=True), percent(point.layer_sparsity), percent(point.head_sparsity),
        percent(point.compute_share), percent(point.kv_share),
        f"{point.think_tokens:.1f}", f"{point.masks:,}",
    ]  # fmt: skip


def budget_figure(points: Sequence[Point], split: str) -> Figure:
    """Realised against asked compute."""
    chosen = [point for point in points if point.split == split]
    traces = []
    for method in _methods(chosen):
        mine = sorted((point for point in chosen if point.method == method), key=lambda point: point.budget)
        hover = [f"b = {point.budget:g}: {percent(point.compute_share)}, asked {percent(point.compute_asked)}" for point in mine]
        traces.append(_line(method, [point.compute_asked for point in mine], [point.compute_share for point in mine], hover))
    layout = _layout("asked compute", "realised compute")
    layout["shapes"] = [{"type": "line", "x0": 0, "y0": 0, "x1": 1, "y1": 1, "line": {"dash": "dot", "width": 1, "color": "#8C8C8C"}}]
    return Figure(f"budget-{split}", "Points on the dotted line keep to their budget.", {"": Plot(f"Budget, {split}", traces, layout)})


def difficulty_figure(result: "Result", split: str) -> Figure | None:
    """Mean layers kept by difficulty, for the methods that choose by the problem; None where none does."""
    rows = [row for row in groups(result.tables, "difficulty") if row["split"] == split]
    varied = {cell for cell, kept in result.tables.items() if cell.split == split and kept["layers"].nunique() > 1}
    traces = []
    for cell in sorted(varied, key=lambda cell: (METHODS.index(cell.method), -cell.budget)):
        mine = [row for row in rows if (row["method"], row["budget"]) == (cell.method, cell.budget)]
        hover = [f"b = {cell.budget:g}, difficulty {row['difficulty']}: {row['layers_kept']:.2f} layers" for row in mine]
        x, y = [row["difficulty"] for row in mine], [row["layers_kept"] for row in mine]
        traces.append(_line(cell.method, x, y, hover, name=f"{cell.method}, b = {cell.budget:g}"))
    if not traces:
        return None
    caption = "A line that rises gives harder problems more layers."
    layout = _layout("difficulty", "layers kept", shares=False)
    return Figure(f"difficulty-{split}", caption, {"": Plot(f"Layers kept, {split}", traces, layout)})


def layer_figure(result: "Result", split: str) -> Figure | None:
    """A map of how often each layer is skipped."""
    import plotly.graph_objects as go

    use = {cell: kept for cell, kept in result.layer_use().items() if cell.split == split and cell.method != DENSE}
    if not use:
        return None
    names = [f"{cell.method}, b = {cell.budget:g}" for cell in use]
    trace = go.Heatmap(
        x=list(range(result.cost.layers)), y=[label(name) for name in names], z=[[1 - share for share in kept] for kept in use.values()],
        zmin=0, zmax=1, colorscale="Cividis", colorbar={"thickness": 12}, hovertemplate="%{y}, layer %{x}: %{z:.2f}<extra></extra>",
    )  # fmt: skip
    layout = {**_layout("layer", "", shares=False), "height": max(HEIGHT, 120 + 18 * len(names))}
    layout["yaxis"] = {"autorange": "reversed"}
    caption = "Share of the problems that skip each layer."
    return Figure(f"layers-{split}", caption, {"": Plot(f"Layers skipped, {split}", [trace], layout)}, wide=True)


def timing_figure(timings: "Sequence[Timing]") -> Figure:
    """Speed-up against the dense model by batch size."""
    traces = []
    for method, budget in dict.fromkeys((timing.method, timing.budget) for timing in timings if timing.method != DENSE):
        mine = [timing for timing in timings if (timing.method, timing.budget) == (method, budget)]
        hover = [f"b = {budget:g}, {each.sequences} sequences: {each.speedup:.2f} times, {1000 * each.step_s:.2f} ms" for each in mine]
        x, y = [timing.sequences for timing in mine], [timing.speedup for timing in mine]
        traces.append(_line(method, x, y, hover, name=f"{method}, b = {budget:g}"))
    layout = _layout("sequences decoded together", "times as fast as dense", shares=False)
    layout["xaxis"] |= {"type": "log", "tickvals": sorted({timing.sequences for timing in timings})}
    return Figure("time-speedup", "Above 1 is faster than the dense model.", {"": Plot("Speed-up of decoding", traces, layout)}, wide=True)


def _methods(points: Sequence[Point]) -> list[str]:
    return [method for method in METHODS if any(point.method == method for point in points)]


def _line(method: str, x: Sequence[float], y: Sequence[float], hover: Sequence[str], name: str | None = None, **more: Any) -> Any:
    import plotly.graph_objects as go

    style, text = looks(METHODS)[method], [label(each) for each in hover]
    return go.Scatter(
        x=list(x), y=list(y), mode="lines+markers", name=label(name or method), meta={"contender": method},
        line={"color": style.colour, "dash": style.dash, "width": 2}, marker={"symbol": style.symbol, "size": 7},
        text=text, hovertemplate=f"%{{text}}<extra>{label(method)}</extra>", **more,
    )  # fmt: skip


def _layout(x: str, y: str, shares: bool = True) -> dict[str, Any]:
    axis = {"tickformat": ".0%"} if shares else {}
    return {"height": HEIGHT, "xaxis": {"title": {"text": x}, **axis}, "yaxis": {"title": {"text": y}, **axis}, "hovermode": "closest"}
