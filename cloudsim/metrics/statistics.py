"""Means over replications with their confidence intervals, and paired differences between contenders.

Replications of one contender are independent; the same replication of two contenders shares traffic, market and luck, so
their difference is taken seed by seed, and its interval is far narrower than the two intervals suggest.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
SCHEMA_VERSION = 1


def interval(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, tuple[float, float] | None]:
    """The mean of independent `values` and its two-sided 95 % Student t interval.

    The interval is mean ± t(n - 1, 0.975) · s / √n, with s the sample standard deviation (Law, Simulation Modeling and
    Analysis, 5th ed., section 9.4). It is None for one value, and mean and interval are NaN if any value is.
    """
    from scipy.special import stdtrit

    sample = np.asarray(values, dtype=np.float64)
    mean = float(sample.mean())
    if len(sample) < 2:
        return mean, None
    half = float(stdtrit(len(sample) - 1, (1 + CONFIDENCE) / 2) * sample.std(ddof=1) / np.sqrt(len(sample)))
    return mean, (mean - half, mean + half)


def summarise(metrics: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, Any]:
    """The document `summary.json`.

    Args:
        metrics: by contender, the metrics of each of its replications, in the order of the replications. The first
            contender is the reference of the differences.

    Returns:
        `contenders.<name>.<metric>` = mean, ci95 (low and high, null for one seed), seeds (one value a replication) and
        difference (mean and ci95 of this contender minus the reference, paired by seed; null for the reference itself).
        What is not a number (a quantile over no request) is null.
    """
    reference = next(iter(metrics))
    contenders: dict[str, Any] = {}
    for name, replications in metrics.items():
        contenders[name] = {}
        for metric in replications[0]:
            values = np.array([replication[metric] for replication in replications], dtype=np.float64)
            base = np.array([replication[metric] for replication in metrics[reference]], dtype=np.float64)
            contenders[name][metric] = {
                **_entry(values),
                "seeds": [_number(value) for value in values],
                "difference": None if name == reference else _entry(values - base),
            }
    return {"schema_version": SCHEMA_VERSION, "reference": reference, "contenders": contenders}


def _entry(values: NDArray[np.float64]) -> dict[str, Any]:
    mean, ci95 = interval(values)
    limits = None if ci95 is None or not np.isfinite(ci95).all() else [_number(limit) for limit in ci95]
    return {"mean": _number(mean), "ci95": limits}


def _number(value: float) -> float | int | None:
    """JSON has no NaN and no infinity; whole numbers are written as such."""
    if not np.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(value)
