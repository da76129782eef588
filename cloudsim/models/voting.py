"""Several samples of one answer and a vote among them (self-consistency, arXiv 2203.11171).

A sample is right with the probability p of its model at the question's difficulty. A wrong one gives one of `WAYS` wrong answers, each as
likely, so that wrong samples may agree too. The answer given most often wins, one of the foremost by lot where several are.
"""

from collections.abc import Iterator
from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray

MOST_SAMPLES = 64
WAYS = 3
"""Wrong answers that samples fall on (assumed: a question has four answers that anybody would give)."""


def voted(chance: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    """Probability that the vote of `samples` samples is right, where each is right with probability `chance`. Shape (n,)."""
    if samples == 1:
        return chance
    won, _ = _tables(samples)
    return np.asarray(_rights(chance, samples) @ won)


def agreement(chance: float, samples: int, right: bool, signal: float) -> float:
    """Share of the samples that say what the vote chose, given whether it is right.

    Args:
        chance: probability that one sample is right.
        signal: uniform number in [0, 1): the quantile of the agreement among answers that are as right or wrong.
    """
    if samples == 1:
        return 1.0
    _, alike = _tables(samples)
    weights = _rights(np.array([chance]), samples)[0] @ alike[0 if right else 1]
    total = weights.sum()
    if not total > 0:  # a vote that cannot be as it is to be: as in a tie between doubles
        return 1.0
    share = int(np.searchsorted(np.cumsum(weights), signal * total, side="right"))
    return min(share, samples) / samples


def _rights(chance: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    """Probability of each number of right samples from 0. Shape (n, samples + 1)."""
    right = np.arange(samples + 1)
    ways = np.array([float(comb(samples, count)) for count in right])
    p = chance[:, None]
    return np.asarray(ways * p**right * (1.0 - p) ** (samples - right))


@cache
def _tables(samples: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each number of right samples: the chance that the vote is right, shape (samples + 1,); and how probable it is that the vote is
    right (first) or wrong (second) with so many samples for it, shape (2, samples + 1, samples + 1)."""
    alike = np.zeros((2, samples + 1, samples + 1))
    for right in range(samples + 1):
        for most, holders, share in _wrong(samples - right):
            best = max(right, most)
            foremost = (right == best) + holders * (most == best)
            alike[0, right, best] += share * (right == best) / foremost
            alike[1, right, best] += share * holders * (most == best) / foremost
    return alike[0].sum(axis=1), alike


def _wrong(samples: int) -> Iterator[tuple[int, int, float]]:
    """Ways in which `samples` wrong samples may fall: most of one kind, kinds that have so many, and the probability."""
    if not samples:
        yield 0, 0, 1.0
        return
    for counts in _parts(samples, WAYS):
        left, ways = samples, 1
        for count in counts:
            ways *= comb(left, count)
            left -= count
        yield max(counts), counts.count(max(counts)), ways / WAYS**samples


def _parts(total: int, kinds: int) -> Iterator[tuple[int, ...]]:
    if kinds == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _parts(total - first, kinds - 1):
            yield first, *rest
