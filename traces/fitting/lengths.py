"""The distribution of lengths: the simplest kind that is near enough, else quantiles."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np

from traces.generators.lengths import Exponential, Lognormal, ParetoLognormal, Quantiles
from traces.tables import Floats, Ints

LEVELS = (0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1)
NEAR = 0.015
TAILS = (0.8, 0.9, 0.95, 0.98)
ROUNDS = 60
MOST_LEVELS = 32
Lengths = Quantiles | Lognormal | ParetoLognormal | Exponential


def fit_lengths(tokens: Ints) -> tuple[Lengths, float]:
    """The kind of lengths, and its Kolmogorov-Smirnov distance.

    Exponential, lognormal and lognormal with a Pareto tail are fitted by maximum likelihood and tried in this order; the first whose
    distance is below 0.015 and what chance adds is taken, and quantiles if none is.

    Args:
        tokens: at least 1 each. Shape (n,).
    """
    values, number = np.unique(tokens, return_counts=True)
    most = int(values[-1])
    near = NEAR + 1.36 / sqrt(len(tokens))  # the 95 % point of the distance between a sample and its own distribution
    logs = np.log(tokens)
    mean, sigma = float(logs.mean()), float(logs.std())
    candidates: list[Lengths] = [
        Exponential(kind="exponential", mean_tokens=round(float(tokens.mean()), 3), most_tokens=most),
        Lognormal(kind="lognormal", log_mean=round(mean, 4), log_sigma=round(sigma, 4), most_tokens=most),
    ]
    if sigma > 0:
        candidates += _with_tails(values, number, most)
    for one in candidates:
        apart = _apart(one, values, number)
        if apart < near:
            return one, apart
    return _quantiles(values, number)


def _quantiles(values: Ints, number: Ints) -> tuple[Quantiles, float]:
    """Quantiles at `LEVELS`, and at further ones where lengths heap up, until they are near enough."""
    seen = np.cumsum(number) / number.sum()
    marks = {level: int(values[min(int(np.searchsorted(seen, level)), len(values) - 1)]) for level in LEVELS}
    while True:
        levels = sorted(marks)
        made = Quantiles(kind="quantiles", levels=levels, tokens=[marks[level] for level in levels])
        apart = np.abs(share_below(made, values) - seen)
        worst = int(apart.argmax())
        if apart[worst] < NEAR or len(marks) >= MOST_LEVELS:
            return made, float(apart[worst])
        before = round(float(seen[worst - 1]), 5) if worst else 0.0
        known = len(marks)
        for level in (before, round(float(seen[worst]), 5)):
            marks.setdefault(level, int(values[worst]))
        if len(marks) == known:
            return made, float(apart[worst])


def share_below(lengths: Any, tokens: Ints) -> Floats:
    """Share of the lengths that a kind makes up to, with, `tokens`. Shape as `tokens`."""
    edge = tokens + 0.5  # lengths are rounded
    if isinstance(lengths, Quantiles):
        levels, marks = np.array(lengths.levels), np.log(lengths.tokens)
        below = np.interp(np.log(edge), marks, levels, left=0.0, right=1.0)
        # Where quantiles repeat, all of that share is one length.
        last = np.searchsorted(lengths.tokens, tokens, side="right") - 1
        equal = (last >= 0) & (np.array(lengths.tokens)[np.maximum(last, 0)] == tokens)
        return np.asarray(np.where(equal, np.maximum(below, levels[np.maximum(last, 0)]), below))
    if isinstance(lengths, Exponential):
        share = -np.expm1(-edge / lengths.mean_tokens)
    else:
        share = _normal_share((np.log(edge) - lengths.log_mean) / max(lengths.log_sigma, 1e-12))
        if isinstance(lengths, ParetoLognormal):
            tail = 1 - (np.maximum(edge, lengths.tail_from_tokens) / lengths.tail_from_tokens) ** -lengths.tail_exponent
            share = (1 - lengths.tail_share) * share + lengths.tail_share * tail
    return np.asarray(np.where(tokens >= lengths.most_tokens, 1.0, share))


def _apart(lengths: Lengths, values: Ints, number: Ints) -> float:
    """Greatest distance of the two cumulative shares, which have their steps at the same whole numbers."""
    return float(np.abs(share_below(lengths, values) - np.cumsum(number) / number.sum()).max())


def _with_tails(values: Ints, number: Ints, most: int) -> list[ParetoLognormal]:
    """Mixtures by expectation maximisation, one for each place where the tail may begin; the likeliest first."""
    share = np.cumsum(number) / number.sum()
    found = []
    for level in TAILS:
        start = int(values[np.searchsorted(share, level)])
        if start < most:
            found.append(_with_tail(values, number, start, most))
    return [one for _, one in sorted(found, key=lambda pair: -pair[0])]


def _with_tail(values: Ints, number: Ints, start: int, most: int) -> tuple[float, ParetoLognormal]:
    logs, beyond = np.log(values), np.log(values / start)
    long = values >= start
    tail_share, exponent = 0.5 * number[long].sum() / number.sum(), 2.0
    mean = float(np.average(logs, weights=number))
    sigma = sqrt(float(np.average((logs - mean) ** 2, weights=number)))
    likelihood = -np.inf
    for _ in range(ROUNDS):
        body = (1 - tail_share) * np.exp(-(((logs - mean) / sigma) ** 2) / 2) / (sigma * values * sqrt(2 * pi))
        tail = np.where(long, tail_share * exponent / values * np.exp(-exponent * np.maximum(beyond, 0.0)), 0.0)
        both = np.maximum(body + tail, 1e-300)
        likelihood = float((number * np.log(both)).sum())
        of_tail = number * tail / both
        of_body = number - of_tail
        tail_share = float(np.clip(of_tail.sum() / number.sum(), 1e-6, 0.999))
        exponent = float(of_tail.sum() / max((of_tail * np.maximum(beyond, 0.0)).sum(), 1e-9))
        mean = float(np.average(logs, weights=of_body))
        sigma = max(sqrt(float(np.average((logs - mean) ** 2, weights=of_body))), 1e-3)
    return likelihood, ParetoLognormal(
        kind="pareto_lognormal", log_mean=round(mean, 4), log_sigma=round(sigma, 4), most_tokens=most,
        tail_share=round(tail_share, 5), tail_from_tokens=start, tail_exponent=round(exponent, 4),
    )  # fmt: skip


def _normal_share(levels: Floats) -> Floats:
    from scipy.special import ndtr

    return np.asarray(ndtr(levels))
