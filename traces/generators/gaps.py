"""Gaps between arrivals at a constant rate: exponential, Gamma or Weibull."""

from collections.abc import Callable
from math import ceil, gamma, sqrt
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from traces.options import Part
from traces.tables import Floats

LEAST_SHAPE = 0.12
WARM_UP_GAPS = 5.0
LEAST_CV, MOST_CV = 0.06, 30.0
"""Coefficients of variation that every kind takes."""


class PoissonGaps(Part):
    """Exponential gaps: arrivals know nothing of each other."""

    kind: Literal["poisson"]

    def times(self, end: float, rng: np.random.Generator) -> Floats:
        """Arrivals in [0, `end`) of a process of rate 1; non-decreasing, shape (n,), where n is random."""
        return _renewals(end, 1.0, rng.standard_exponential)


class GammaGaps(Part):
    """Gamma gaps, as BurstGPT and ServeGen fit them.

    Args:
        cv: standard deviation over mean; 1 is a Poisson process, above 1 is bursty.
    """

    kind: Literal["gamma"]
    cv: Annotated[float, Field(gt=0, le=30)]

    def times(self, end: float, rng: np.random.Generator) -> Floats:
        """As of `PoissonGaps`."""
        if self.cv == 1:
            return _renewals(end, 1.0, rng.standard_exponential)
        shape = self.cv**-2
        return _renewals(end, self.cv, lambda count: rng.standard_gamma(shape, count), mean=shape)


class WeibullGaps(Part):
    """Weibull gaps, as ServeGen fits the burstiest clients.

    Args:
        cv: standard deviation over mean; 1 is a Poisson process, above 1 is bursty.
    """

    kind: Literal["weibull"]
    cv: Annotated[float, Field(gt=0.05, le=30)]

    def times(self, end: float, rng: np.random.Generator) -> Floats:
        """As of `PoissonGaps`."""
        shape = weibull_shape(self.cv)
        return _renewals(end, self.cv, lambda count: rng.weibull(shape, count), mean=gamma(1 + 1 / shape))


Gaps = Annotated[PoissonGaps | GammaGaps | WeibullGaps, Field(discriminator="kind")]


def stationary_times(gaps: Gaps, end: float, rng: np.random.Generator) -> Floats:
    """Arrivals in [0, `end`) of a process of rate 1 that began long before, so that time 0 is no arrival. Shape (n,).

    Processes that all begin with an arrival make a crowd where they begin: bursty gaps have most of theirs right after one.
    """
    before = WARM_UP_GAPS * (1 + getattr(gaps, "cv", 1.0) ** 2)
    times = gaps.times(before + end, rng)
    return times[np.searchsorted(times, before) :] - before


def weibull_shape(cv: float) -> float:
    """The shape k of a Weibull distribution with a coefficient of variation, from (1 + cv^2) = G(1 + 2/k) / G(1 + 1/k)^2."""
    from math import lgamma

    from scipy.optimize import brentq

    target = np.log1p(cv**2)
    return float(brentq(lambda shape: lgamma(1 + 2 / shape) - 2 * lgamma(1 + 1 / shape) - target, LEAST_SHAPE, 100.0))


def _renewals(end: float, cv: float, drawn: Callable[[int], Floats], mean: float = 1.0) -> Floats:
    """Sums in [0, end) of gaps that are drawn with a mean, and divided by it."""
    chunks: list[Floats] = []
    reached = 0.0
    while reached < end:
        left = end - reached
        times = drawn(ceil(left + 5 * cv * sqrt(left)) + 16)
        if mean != 1:
            times /= mean  # in place: fresh pages cost more than the arithmetic
        times[0] += reached
        np.cumsum(times, out=times)
        chunks.append(times)
        reached = float(times[-1])
    joined = chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
    return joined[: np.searchsorted(joined, end, side="left")]
