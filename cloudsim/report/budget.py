"""Compute budgets: how they moved over time and what each tier got, for contenders that ever gave less than the full budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.report.band_figure import band_traces, time_layout
from cloudsim.report.cost import marker
from cloudsim.report.figure import Figure, Plot, Section, Selector, table
from cloudsim.report.over_time import TimeGrid, codes
from cloudsim.report.palette import looks
from cloudsim.report.wording import NOTHING, label, percent, ratio

if TYPE_CHECKING:
    from cloudsim.results import RequestParts

STEPS = 20
"""Classes of the distribution, each 0.05 wide and closed above, so that the full budget falls in the last."""
HATCHES = ("", "/", ".", "x", "+", "-")


@dataclass(frozen=True, slots=True)
class BudgetShares:
    """Requests of one contender and tier by budget class.

    `share` sums to 1, shape (STEPS,); `requests` were given a budget, whose mean is `mean` (NaN without requests).
    """

    contender: str
    tier: str
    share: NDArray[np.float64]
    requests: int
    mean: float


def budget_info(requests: "RequestParts", contenders: Sequence[str], tiers: Sequence[str]) -> list[BudgetShares]:
    """Shares for every tier of each contender with a budget below 1 anywhere; empty if there is none.

    Args:
        requests: `RunFolder.request_parts`.
    """
    shape = (len(contenders), len(tiers), STEPS)
    number, sums, reduced = np.zeros(shape, dtype=np.int64), np.zeros(shape[:2]), np.zeros(shape[0], dtype=np.bool_)
    for i, name in enumerate(contenders):
        for part in requests(name, ("tier", "budget")):
            tier, budget = codes(part["tier"], tiers), part["budget"].to_numpy(dtype=np.float64)
            given = np.isfinite(budget) & (tier >= 0)
            tier, budget = tier[given], budget[given]
            # A budget is stored as float32, so 0.7 reads 0.69999999: rounding keeps it in the class that ends there.
            step = np.clip(np.ceil(budget.round(6) * STEPS - 1e-6).astype(np.int64) - 1, 0, STEPS - 1)
            number[i] += np.bincount(tier * STEPS + step, minlength=number[i].size).reshape(number[i].shape)
            sums[i] += np.bincount(tier, weights=budget, minlength=shape[1])
            reduced[i] |= (budget < 1 - 1e-6).any()
    return [
        BudgetShares(name, word, number[i, j] / max(1, total), total, float(sums[i, j] / total) if total else float("nan"))
        for i, name in enumerate(contenders)
        if reduced[i]
        for j, word in enumerate(tiers)
        for total in [int(number[i, j].sum())]
    ]


def budget_section(shares: Sequence[BudgetShares], grid: TimeGrid) -> Section:
    """Budget over time and the distribution by tier; one sentence if nobody reduced a budget."""
    title = "Compute budget"
    chosen = [name for name in grid.contenders if any(item.contender == name for item in shares)]
    if not chosen:
        return Section("budget", title, "Every contender gave every request its full budget.")
    text = "A budget of 1 is the full model; below 1 an elastic model uses fewer layers, attention heads or reasoning tokens. "
    text += "Contenders that always gave the full budget are not shown."
    bands = [band for band in grid.bands(grid.average("budget")) if band.contender in chosen]
    plots = {str(grid.contenders.index(name)): _bars([s for s in shares if s.contender == name], grid) for name in chosen}
    rows = [
        (
            s.contender,
            [
                s.contender,
                s.tier,
                f"{s.requests:,}",
                ratio(s.mean) if s.requests else NOTHING,
                percent(float(s.share[-1])) if s.requests else NOTHING,
            ],
        )
        for s in shares
    ]
    figures = [
        Figure(
            "budget",
            "The budget falls when requests queue, memory is short or a node is under notice.",
            {"": Plot("Mean budget of dispatched requests", band_traces(grid, bands, ".2f"), time_layout("budget", range=[0, 1.05]))},
        ),
        Figure(
            "budget-tiers",
            "The more weight on the left, the more compute a tier gave up.",
            plots,
            table("Budget by tier", ["contender", "tier", "requests", "mean budget", "above 0.95"], rows),
        ),
    ]
    return Section(
        "budget", title, text, figures, [Selector("Contender", [(str(grid.contenders.index(n)), n) for n in chosen], "contender")]
    )


def _bars(shares: Sequence[BudgetShares], grid: TimeGrid) -> Plot:
    import plotly.graph_objects as go

    colour = looks(grid.contenders)[shares[0].contender].colour
    edges = np.arange(1, STEPS + 1) / STEPS
    traces: list[Any] = [
        go.Bar(
            x=(edges - 0.5 / STEPS).round(4),
            y=np.where(item.share > 0, item.share, np.nan),
            name=label(item.tier),
            marker=marker(colour, HATCHES[i % len(HATCHES)]),
            customdata=np.column_stack([edges - 1 / STEPS, edges]),
            showlegend=True,
            hovertemplate=f"{label(item.tier)}: %{{y:.1%}} of requests<br>"
            "budget %{customdata[0]:.2f} to %{customdata[1]:.2f}<extra></extra>",
        )
        for i, item in enumerate(shares)
    ]
    layout = {
        "height": 340,
        "barmode": "group",
        "bargap": 0.1,
        "xaxis": {"title": {"text": "budget"}, "range": [0, 1]},
        "yaxis": {"title": {"text": "share of the tier's requests"}, "tickformat": ".0%"},
    }
    return Plot(f"{shares[0].contender}: budget by tier", traces, layout)
