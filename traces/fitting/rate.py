"""How the rate of a trace changes: hours of the day, days of the week, and what drifts besides."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt

import numpy as np

from traces.generators.rate import DAY_MINUTES, DRIFT_MEMORY_MINUTES, MINUTE_S, Days, Drift, Hours, Shape
from traces.tables import Floats, Ints

LEAST_DRIFT_MINUTES = 15
MOST_NOISE = 0.3
"""Variance of a minute's count by chance over its mean squared, above which a drift cannot be told from bursts."""
LIKELIER = 3.84
VARIANCES = np.concatenate(([0.0], np.geomspace(1e-4, 4.0, 120)))
KEPT = exp(-1 / DRIFT_MEMORY_MINUTES)
DRAWS = 200
HOURS_FROM_DAYS, DAYS_FROM_DAYS = 2, 14
MOST_RATIO = 20.0


@dataclass(frozen=True, slots=True)
class FittedRate:
    """Shapes, and the rate they and the drift that was seen give each minute over the mean rate. Shape (minutes,)."""

    shapes: list[Shape]
    factors: Floats


def fit_rate(counts: Ints, cv: float, start_hour: float) -> FittedRate:
    """The shapes of a rate.

    Args:
        counts: arrivals of each whole minute. Shape (minutes,).
        cv: coefficient of variation of the gaps, which says how much counts scatter by chance.
        start_hour: of the day at the first minute.
    """
    shapes: list[Shape] = []
    factors = np.ones(len(counts))
    for shape in (_hours(counts, start_hour), _days(counts)):
        if shape is not None:
            shapes.append(shape)
            factors = factors * shape.factors(len(counts), np.random.default_rng(0))
    drift = _drift(counts, factors, cv)
    if drift is None:
        return FittedRate(shapes, factors)
    return FittedRate([*shapes, Drift(kind="drift", peak_minute_ratio=round(drift[0], 4))], factors * drift[1])


def _hours(counts: Ints, start_hour: float) -> Hours | None:
    """Least squares for the straight lines between the middles of hours that `Hours` draws."""
    if len(counts) < HOURS_FROM_DAYS * DAY_MINUTES:
        return None
    from scipy.optimize import nnls

    whole = counts[: len(counts) // DAY_MINUTES * DAY_MINUTES].reshape(-1, DAY_MINUTES).mean(axis=0)
    hour = (start_hour + (np.arange(DAY_MINUTES) + 0.5) / 60) % 24
    around = np.array([23, *range(24), 0])  # with the last hour before the first, and the first after the last
    weights = np.array([np.interp(hour, np.arange(-1, 25) + 0.5, one[around]) for one in np.eye(24)]).T
    found, _ = nnls(weights, whole / whole.mean())
    return Hours(kind="hours", hourly=[round(float(value), 4) for value in found / found.mean()], start_hour=start_hour)


def _days(counts: Ints) -> Days | None:
    if len(counts) < DAYS_FROM_DAYS * DAY_MINUTES:
        return None
    days = counts[: len(counts) // DAY_MINUTES * DAY_MINUTES].reshape(-1, DAY_MINUTES).mean(axis=1)
    found = np.array([days[one::7].mean() for one in range(7)])
    return Days(kind="days", daily=[round(float(value), 4) for value in found / found.mean()])


def _drift(counts: Ints, factors: Floats, cv: float) -> tuple[float, Floats] | None:
    """The peak ratio of a drift and the factors it had; None where counts scatter no more than by chance, or too much to tell.

    The logarithm of the rate is a first-order autoregressive process of known memory, seen with noise of known size. Its variance is the
    likeliest one (if it is likelier than none by more than chance, at 5 %), its path that of a Kalman smoother, and its highest minute
    that of paths that might have been (Durbin & Koopman 2002), for the highest of the mean path is too low.
    """
    if len(counts) < LEAST_DRIFT_MINUTES or cv**2 > MOST_NOISE * counts.mean():
        return None
    expected = counts.mean() * factors / factors.mean()
    seen = np.log((counts + 0.5) / (expected + 0.5))
    seen = seen - seen.mean()
    noise = cv**2 / (expected + 0.5)
    likelihoods = _likelihoods(seen, noise)
    best = int(likelihoods.argmax())
    if 2 * (likelihoods[best] - likelihoods[0]) < LIKELIER:
        return None
    variance = float(VARIANCES[best])
    rng = np.random.default_rng(0)
    path = _smoothed(seen[:, None], noise, variance)[:, 0]
    shocks = rng.standard_normal((len(seen), DRAWS))
    made = np.empty_like(shocks)
    made[0] = sqrt(variance) * shocks[0]
    for at in range(1, len(seen)):
        made[at] = KEPT * made[at - 1] + sqrt(variance * (1 - KEPT**2)) * shocks[at]
    again = _smoothed(made + np.sqrt(noise)[:, None] * rng.standard_normal(made.shape), noise, variance)
    drawn = np.exp(path[:, None] + made - again)
    peak = float((drawn.max(axis=0) / drawn.mean(axis=0)).mean())
    mean_path = np.exp(path)
    return min(max(peak, 1.0), MOST_RATIO), mean_path / mean_path.mean()


def _likelihoods(seen: Floats, noise: Floats) -> Floats:
    """Logarithm of the likelihood of each of `VARIANCES`, by the innovations of a Kalman filter."""
    mean, spread = np.zeros(len(VARIANCES)), VARIANCES
    found = np.zeros(len(VARIANCES))
    for at in range(len(seen)):
        if at:
            mean, spread = KEPT * mean, KEPT**2 * spread + VARIANCES * (1 - KEPT**2)
        total = spread + noise[at]
        found -= ((seen[at] - mean) ** 2 / total + np.log(total)) / 2
        gain = spread / total
        mean, spread = mean + gain * (seen[at] - mean), (1 - gain) * spread
    return found


def _smoothed(seen: Floats, noise: Floats, variance: float) -> Floats:
    """Kalman smoother (Rauch, Tung & Striebel 1965) of several series with the same noise. Shape (minutes, series)."""
    gain = np.empty(len(seen))
    before = np.empty_like(seen)
    after = np.empty_like(seen)
    spread_before, spread_after = np.empty(len(seen)), np.empty(len(seen))
    mean, spread = np.zeros(seen.shape[1]), variance
    for at in range(len(seen)):
        if at:
            mean, spread = KEPT * mean, KEPT**2 * spread + variance * (1 - KEPT**2)
        before[at], spread_before[at] = mean, spread
        gain[at] = spread / (spread + noise[at])
        mean, spread = mean + gain[at] * (seen[at] - mean), (1 - gain[at]) * spread
        after[at], spread_after[at] = mean, spread
    path = after.copy()
    for at in range(len(seen) - 2, -1, -1):
        path[at] += spread_after[at] * KEPT / spread_before[at + 1] * (path[at + 1] - before[at + 1])
    return path


def minute_counts(arrival_s: Floats) -> Ints:
    """Arrivals of each whole minute from the first arrival on. Shape (minutes,)."""
    minute = ((arrival_s - arrival_s[0]) // MINUTE_S).astype(np.int64)
    return np.bincount(minute)[: int((arrival_s[-1] - arrival_s[0]) // MINUTE_S)]
