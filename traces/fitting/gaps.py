"""The distribution of gaps whose rate was taken out."""

from __future__ import annotations

from math import gamma, sqrt

import numpy as np

from traces.generators.gaps import LEAST_CV, MOST_CV, GammaGaps, PoissonGaps, WeibullGaps, weibull_shape
from traces.tables import Floats

Gaps = PoissonGaps | GammaGaps | WeibullGaps


def fit_gaps(gaps: Floats, resolution: float) -> tuple[Gaps, float]:
    """The kind of gaps that comes nearest, and its Kolmogorov-Smirnov distance.

    The coefficient of variation is that of the gaps themselves, so that the burstiness is met even where neither kind fits; Gamma or
    Weibull is what leaves the smaller distance. Poisson if the coefficient differs from 1 by no more than chance would have it.

    Args:
        gaps: over their mean, on a clock on which the rate is constant. Shape (n,).
        resolution: smallest difference of two times, in the same unit.
    """
    cv = float(np.clip(gaps.std() / gaps.mean(), LEAST_CV, MOST_CV))
    values, number = np.unique(gaps / gaps.mean(), return_counts=True)
    seen, edge = np.cumsum(number) / len(gaps), values + resolution
    if abs(cv - 1) < 2 / sqrt(len(gaps)):
        return PoissonGaps(kind="poisson"), float(np.abs(-np.expm1(-edge) - seen).max())
    found: list[tuple[float, Gaps]] = [
        (float(np.abs(_gamma_share(edge, cv) - seen).max()), GammaGaps(kind="gamma", cv=round(cv, 4))),
        (float(np.abs(_weibull_share(edge, cv) - seen).max()), WeibullGaps(kind="weibull", cv=round(cv, 4))),
    ]
    apart, kind = min(found, key=lambda one: one[0])
    return kind, apart


def _gamma_share(values: Floats, cv: float) -> Floats:
    from scipy.special import gammainc

    return np.asarray(gammainc(cv**-2, values * cv**-2))


def _weibull_share(values: Floats, cv: float) -> Floats:
    shape = weibull_shape(cv)
    return np.asarray(-np.expm1(-((values * gamma(1 + 1 / shape)) ** shape)))
