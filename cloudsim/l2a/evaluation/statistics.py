"""Intervals for shares, for paired differences, and the trend of depth with difficulty."""

from math import isnan
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIDENCE = 0.95


def wilson(right: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    from scipy.stats import binomtest

    low, high = binomtest(right, count).proportion_ci(CONFIDENCE, method="wilson")
    return float(low), float(high)


def paired_difference(ours: "NDArray[Any]", theirs: "NDArray[Any]") -> tuple[float, float, float]:
    """Difference of two shares on the same problems, and its 95 % interval.

    Agresti and Min (2005): the normal interval after one half of a problem was added to each of the four kinds, which holds its level where
    few problems differ.

    Args:
        ours, theirs: whether each problem was answered right, in the same order.
    """
    from scipy.stats import norm

    count = len(ours)
    gained, lost = float((ours & ~theirs).sum()), float((~ours & theirs).sum())
    up, down, total = (gained + 0.5) / (count + 2), (lost + 0.5) / (count + 2), count + 2
    half = float(norm.ppf((1 + CONFIDENCE) / 2)) * ((up + down - (up - down) ** 2) / total) ** 0.5
    return (gained - lost) / count, up - down - half, up - down + half


def trend(values: "NDArray[Any]", ranks: "NDArray[Any]") -> float | None:
    """Spearman's rank correlation; None where one of them never changes."""
    from scipy.stats import spearmanr

    if len(set(values.tolist())) < 2 or len(set(ranks.tolist())) < 2:
        return None
    found = float(spearmanr(values, ranks).statistic)
    return None if isnan(found) else found
