"""The verdict: every contender on the key metrics, with confidence intervals and paired differences to the first one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudsim.report.measures import Measure, in_order


@dataclass(frozen=True, slots=True)
class Estimate:
    """Mean over seeds and its 95 % confidence interval; None where a single seed or no data gives none."""

    mean: float | None
    low: float | None
    high: float | None

    @property
    def clear(self) -> bool:
        """True if the interval is known and excludes 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True, slots=True)
class Cell:
    """One contender on one metric; `best` marks the best mean of the metric, shared where equal."""

    value: Estimate
    difference: Estimate | None
    best: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """All cells by (contender, metric), and the number of seeds behind them."""

    reference: str
    contenders: list[str]
    measures: list[Measure]
    cells: dict[tuple[str, str], Cell]
    seeds: int


def verdict_info(summary: Mapping[str, Any]) -> Verdict:
    """The verdict of `summary.json`."""
    entries: Mapping[str, Mapping[str, Any]] = summary["contenders"]
    keys = list(dict.fromkeys(key for metrics in entries.values() for key in metrics))
    measures = in_order(keys)
    cells = {}
    for item in measures:
        means = [entries[name][item.key]["mean"] for name in entries if item.key in entries[name]]
        known = [mean for mean in means if mean is not None]
        best = None if item.better is None or not known else (max if item.better == "higher" else min)(known)
        for name, metrics in entries.items():
            entry = metrics.get(item.key, {"mean": None})
            difference = entry.get("difference")
            value = _estimate(entry)
            winner = best is not None and value.mean == best and len(entries) > 1 and min(known) != max(known)
            cells[name, item.key] = Cell(value, None if difference is None else _estimate(difference), winner)
    seeds = max((len(entry.get("seeds", [])) for metrics in entries.values() for entry in metrics.values()), default=0)
    return Verdict(summary["reference"], list(entries), measures, cells, seeds)


def _estimate(entry: Mapping[str, Any]) -> Estimate:
    low, high = entry.get("ci95") or (None, None)
    return Estimate(entry["mean"], low, high)
