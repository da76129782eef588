"""From records to the frontier: accuracy with its interval, what was skipped, and the difference to the dense model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.evaluation.catalog import DENSE, SMALLER
from cloudsim.l2a.evaluation.cell import Cell
from cloudsim.l2a.evaluation.statistics import paired_difference, trend, wilson
from cloudsim.l2a.mask import equal_budget, target_share

if TYPE_CHECKING:
    import pandas as pd

    from cloudsim.l2a.cost import ModelCost

Tables = Mapping[Cell, "pd.DataFrame"]


@dataclass(frozen=True, slots=True)
class Point:
    """One row of the frontier.

    Args:
        method, split: names.
        budget: asked for; for a model without budget, the one of equal compute.
        problems: number of problems.
        accuracy, ci95: share of right answers, Wilson's 95 % interval.
        difference, difference_ci95: to the dense model on the same problems.
        layer_sparsity: mean share of the layers skipped.
        head_sparsity: mean share of the head groups skipped in the layers that run.
        compute_share, compute_asked: multiply-adds of projections and MLPs, as a share of the dense model's: realised, and by the budget.
        depth_error, width_error: realised less asked share of layers, and of head groups in layers that run.
        kv_share, flops_share: of the dense model's, over all problems.
        think_tokens: mean tokens of reasoning.
        masks: number of different masks.
        depth_trend: Spearman's correlation of layers kept with difficulty, within families; None if all problems keep as many.
    """

    method: str
    split: str
    budget: float
    problems: int
    accuracy: float
    ci95: tuple[float, float]
    difference: float
    difference_ci95: tuple[float, float]
    layer_sparsity: float
    head_sparsity: float
    compute_share: float
    compute_asked: float
    depth_error: float
    width_error: float
    kv_share: float
    flops_share: float
    think_tokens: float
    masks: int
    depth_trend: float | None


def frontier(tables: Tables, cost: "ModelCost") -> list[Point]:
    """One point a cell; the dense model's is among them."""
    dense = {cell.split: table for cell, table in tables.items() if cell.method == DENSE}
    return [point(cell, table, dense[cell.split], cost) for cell, table in tables.items()]


def point(cell: Cell, table: "pd.DataFrame", dense: "pd.DataFrame", cost: "ModelCost") -> Point:
    """The point of a cell. Args: dense: the dense model's records on the same split."""
    right, count, share = int(table["correct"].sum()), len(table), float(table["share"].mean())
    difference, low, high = paired_difference(table["correct"].to_numpy(), dense["correct"].to_numpy())
    depth, width = sparsity(cell, table, cost)
    budget = cell.budget if cell.method != SMALLER else round(equal_budget(cost, share), 3)
    asked = ComputeBudget.of(budget)
    return Point(
        cell.method, cell.split, budget, count, right / count, wilson(right, count), difference, (low, high), depth, width,
        share, target_share(cost, asked), 1 - depth - asked.depth, 1 - width - asked.width,
        float(table["kv_bytes"].sum() / dense["kv_bytes"].sum()), float(table["flops"].sum() / dense["flops"].sum()),
        float(table["think_tokens"].mean()), int(table["mask"].nunique()), depth_trend(table),
    )  # fmt: skip


def sparsity(cell: Cell, table: "pd.DataFrame", cost: "ModelCost") -> tuple[float, float]:
    """Mean shares of layers skipped, and of head groups in the layers that run; of a smaller model, of its own: nothing."""
    if cell.method == SMALLER:
        return 0.0, 0.0
    width = table["groups"] / (table["layers"] * cost.groups)
    return 1 - float(table["layers"].mean()) / cost.layers, 1 - float(width.mean())


def depth_trend(table: "pd.DataFrame") -> float | None:
    """Rank correlation of layers kept with difficulty, each less its mean in the family, since families differ in both."""
    inside = table.groupby("family")[["layers", "difficulty"]].transform(lambda column: column - column.mean())
    return trend(inside["layers"].round(9).to_numpy(), inside["difficulty"].round(9).to_numpy())


def groups(tables: Tables, by: str) -> list[dict[str, Any]]:
    """Accuracy, difference to dense and layers kept of each cell for each value of a column, `family` or `difficulty`."""
    rows = []
    dense = {cell.split: table for cell, table in tables.items() if cell.method == DENSE}
    for cell, table in tables.items():
        for value, part in table.groupby(by, sort=True):
            right, count = int(part["correct"].sum()), len(part)
            difference, low, high = paired_difference(part["correct"].to_numpy(), dense[cell.split].loc[part.index, "correct"].to_numpy())
            rows.append({
                "method": cell.method, "split": cell.split, "budget": cell.budget, by: value if by == "family" else int(value),
                "problems": count, "accuracy": right / count, "ci95": wilson(right, count), "difference": difference,
                "difference_ci95": (low, high), "layers_kept": float(part["layers"].mean()),
            })  # fmt: skip
    return rows
