"""Arrival times: Gamma gaps on a clock that runs faster when the rate is high."""

from math import ceil, exp, sqrt

import numpy as np

from traces.generators.gaussian import correlated_paths
from traces.tables import Floats

MINUTE_S = 60.0
SHORTEST_PROFILE_MINUTES = 58
RATE_MEMORY_MINUTES = 20.0


def rate_profile(minutes: int, peak_ratio: float | None, rng: np.random.Generator) -> Floats:
    """Rate of each minute over the mean rate.

    The logarithm of the rate is a first-order autoregressive process with a memory of 20 minutes, stretched so that its mean is 1
    and its highest minute is `peak_ratio`. The memory is the one that gives neighbouring minutes of a window of 58 minutes the
    correlation they have in the Azure conversation trace, .82. Windows shorter than that trace are cut from one of its length.

    Args:
        minutes: length of the profile, at least 1.
        peak_ratio: highest minute over the mean, at least 1; None gives a constant rate.
        rng: source of chance.

    Returns:
        Shape (minutes,), every value above 0.
    """
    if peak_ratio is None or peak_ratio == 1:
        return np.ones(minutes)
    level = correlated_paths(max(minutes, SHORTEST_PROFILE_MINUTES), np.array([exp(-1 / RATE_MEMORY_MINUTES)]), rng)[:, 0]
    level -= level.max()
    # max / mean of exp(stretch * level) is 1 / mean, and rises with the stretch from 1 to the number of minutes.
    low, high = 0.0, 1.0
    while 1 / np.exp(high * level).mean() < peak_ratio:
        high *= 2
    for _ in range(60):
        stretch = (low + high) / 2
        low, high = (stretch, high) if 1 / np.exp(stretch * level).mean() < peak_ratio else (low, stretch)
    rate = np.exp(high * level)
    return np.asarray(rate / rate.mean())[:minutes]


def arrival_times(duration_s: float, rate_rps: float, gap_cv: float, peak_ratio: float | None, rng: np.random.Generator) -> Floats:
    """Arrivals of a Gamma renewal process whose clock follows a `rate_profile`.

    Args:
        duration_s: arrivals lie in [0, duration_s).
        rate_rps: mean arrivals a second.
        gap_cv: coefficient of variation of the gaps at constant rate; 1 is a Poisson process, above 1 is bursty.
        peak_ratio: see `rate_profile`.
        rng: source of chance.

    Returns:
        Non-decreasing seconds, shape (n,), where n is random.
    """
    profile = rate_profile(ceil(duration_s / MINUTE_S), peak_ratio, rng)
    edge_s = np.minimum(np.arange(len(profile) + 1) * MINUTE_S, duration_s)
    expected = np.concatenate(([0.0], np.cumsum(profile * np.diff(edge_s) * rate_rps)))
    clock = _renewals(float(expected[-1]), gap_cv, rng)
    return np.asarray(np.interp(clock, expected, edge_s))


def _renewals(end: float, gap_cv: float, rng: np.random.Generator) -> Floats:
    """Renewal times in [0, end) with Gamma gaps of mean 1."""
    shape = gap_cv**-2
    chunks: list[Floats] = []
    reached = 0.0
    while reached < end:
        left = end - reached
        count = ceil(left + 5 * gap_cv * sqrt(left)) + 16
        # In place: fresh pages cost more than the arithmetic.
        times = rng.standard_exponential(count) if gap_cv == 1 else rng.standard_gamma(shape, count)
        if gap_cv != 1:
            times /= shape
        times[0] += reached
        np.cumsum(times, out=times)
        chunks.append(times)
        reached = float(times[-1])
    joined = chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
    return joined[: np.searchsorted(joined, end, side="left")]
