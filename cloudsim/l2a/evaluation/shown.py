"""The result as tables, for a terminal and for documents."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cloudsim.l2a.evaluation.frontier import Point
from cloudsim.report.wording import percent

if TYPE_CHECKING:
    from rich.table import Table

    from cloudsim.l2a.evaluation.result import Result
    from cloudsim.l2a.evaluation.timing import Timing

SPARE = (
    "think", "KV", "CPU ms", "layers called", "masks", "tokens/s", "compute", "heads skipped", "layers skipped"
)  # fmt: skip
"""Columns that go first where a terminal is narrow."""


def result_tables(result: "Result") -> "list[Table]":
    """All tables of a result: the frontier of each split, and decode times if they were measured."""
    points = result.points
    frontiers = [frontier_table(points, split) for split in dict.fromkeys(point.split for point in points)]
    return [*frontiers, *([timing_table(result.timings, 1)] if result.timings else [])]


def frontier_table(points: Sequence[Point], split: str) -> "Table":
    """The frontier of a split."""
    from rich.table import Table

    shown = Table(title=f"{split}: accuracy at matched compute, {points[0].problems:,} problems")
    shown.add_column("method", no_wrap=True)
    for head in ("b", "accuracy", "95 %", "to dense", "95 %", "layers skipped", "heads skipped", "compute", "KV", "think", "masks"):
        shown.add_column(head, justify="right")
    for point in points:
        if point.split == split:
            (low, high), (less, more) = point.ci95, point.difference_ci95
            shown.add_row(
                point.method, f"{point.budget:g}", percent(point.accuracy), f"{100 * low:.1f}–{100 * high:.1f}",
                f"{100 * point.difference:+.1f}", f"{100 * less:+.1f} to {100 * more:+.1f}", percent(point.layer_sparsity),
                percent(point.head_sparsity), percent(point.compute_share), percent(point.kv_share), f"{point.think_tokens:.1f}",
                f"{point.masks:,}",
            )  # fmt: skip
    return shown


def timing_table(timings: "Sequence[Timing]", threads: int) -> "Table":
    """Decode time, as measured with a number of torch threads."""
    from rich.table import Table

    shown = Table(title=f"decode time, torch threads: {threads}")
    shown.add_column("method", no_wrap=True)
    for head in ("b", "sequences", "ms a step", "CPU ms", "tokens/s", "speed-up", "layers skipped", "layers called", "gates"):
        shown.add_column(head, justify="right")
    for timing in timings:
        shown.add_row(
            timing.method, f"{timing.budget:g}", f"{timing.sequences}", f"{1000 * timing.step_s:.2f}", f"{1000 * timing.step_cpu_s:.2f}",
            f"{timing.sequences / timing.step_s:,.0f}", f"{timing.speedup:.2f}×",
            percent(timing.layer_sparsity), percent(timing.layers_called), percent(timing.gate_overhead),
        )  # fmt: skip
    return shown
