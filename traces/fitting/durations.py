"""The distribution of how long something lasts, by maximum likelihood."""

from __future__ import annotations

from math import log

import numpy as np

from traces.generators.durations import ExponentialDuration, LognormalDuration, WeibullDuration
from traces.tables import Floats

SEVERAL = 8
Fitted = ExponentialDuration | LognormalDuration | WeibullDuration


def fit_duration(hours: Floats, unended_h: Floats) -> Fitted:
    """Exponential, lognormal or Weibull: the one with the least Akaike criterion; exponential where fewer than eight have ended.

    Args:
        hours: of those that ended. Shape (n,), at least 1.
        unended_h: of those that had not ended when the trace did, which lasted longer (right-censored).
    """
    from scipy import stats

    exponential = ExponentialDuration(kind="exponential", mean_h=float(f"{(hours.sum() + unended_h.sum()) / len(hours):.6g}"))
    if len(hours) < SEVERAL or hours.std() == 0:
        return exponential
    data = stats.CensoredData(uncensored=hours, right=unended_h)
    shape, _, scale = stats.weibull_min.fit(data, floc=0)
    sigma, _, median = stats.lognorm.fit(data, floc=0)
    shape = float(np.clip(shape, 0.1, 20))
    found: list[tuple[float, Fitted]] = [
        (_criterion(stats.expon(scale=exponential.mean_h), hours, unended_h, 1), exponential),
        (
            _criterion(stats.lognorm(sigma, scale=median), hours, unended_h, 2),
            LognormalDuration(kind="lognormal", log_mean=round(log(median), 4), log_sigma=round(float(sigma), 4)),
        ),
        (
            _criterion(stats.weibull_min(shape, scale=scale), hours, unended_h, 2),
            WeibullDuration(kind="weibull", shape=round(shape, 4), scale_h=float(f"{scale:.6g}")),
        ),
    ]
    return min(found, key=lambda one: one[0])[1]


def _criterion(distribution: object, hours: Floats, unended_h: Floats, parameters: int) -> float:
    """Akaike's: twice the parameters minus twice the logarithm of the likelihood."""
    ended = distribution.logpdf(hours).sum()  # type: ignore[attr-defined]
    left = distribution.logsf(unended_h).sum()  # type: ignore[attr-defined]
    return float(2 * parameters - 2 * (ended + left))
