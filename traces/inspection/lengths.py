"""Exact quantiles of whole numbers, in memory that does not grow with how many there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COUNTED = 1 << 20


class Lengths:
    """Counts how often each length occurs: an array up to 2^20, a dictionary above, where lengths are rare."""

    def __init__(self) -> None:
        self._counts = np.zeros(0, dtype=np.int64)
        self._long: dict[int, int] = {}
        self.count, self.total = 0, 0
        self._logs, self._squares = 0.0, 0.0

    def add(self, values: NDArray[np.int64]) -> None:
        """Count more lengths, at least 0."""
        short = values[values < COUNTED]
        counts = np.bincount(short, minlength=len(self._counts))
        counts[: len(self._counts)] += self._counts
        self._counts = counts
        for value, times in zip(*np.unique(values[values >= COUNTED], return_counts=True), strict=True):
            self._long[int(value)] = self._long.get(int(value), 0) + int(times)
        self.count += len(values)
        self.total += int(values.sum())
        logs = np.log(np.maximum(values, 1))
        self._logs += float(logs.sum())
        self._squares += float((logs**2).sum())

    def quantiles(self, levels: tuple[float, ...]) -> list[float]:
        """Of all lengths, with straight lines between neighbours as `numpy.percentile` has them; NaN if there are none."""
        if not self.count:
            return [float("nan")] * len(levels)
        values, counts = self._tally()
        upto = np.cumsum(counts)
        found = []
        for level in levels:
            place = level * (self.count - 1)
            low, high = (values[np.searchsorted(upto, rank, side="right")] for rank in (int(place), min(int(place) + 1, self.count - 1)))
            found.append(float(low + (high - low) * (place - int(place))))
        return found

    def histogram(self, edges: NDArray[np.float64]) -> NDArray[np.int64]:
        """How many lengths lie in each interval of `edges`, its lower end included. Shape (edges - 1,)."""
        values, weights = self._tally()
        return np.histogram(values, edges, weights=weights)[0].astype(np.int64)

    def _tally(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The lengths that occur, rising, and how often each does."""
        kept, long = np.flatnonzero(self._counts), sorted(self._long)
        values = np.concatenate([kept, np.array(long, dtype=np.int64)])
        return values, np.concatenate([self._counts[kept], np.array([self._long[value] for value in long], dtype=np.int64)])

    @property
    def mean(self) -> float:
        """NaN if there are none."""
        return self.total / self.count if self.count else float("nan")

    @property
    def log_mean(self) -> float:
        """Mean of the natural logarithms: the mu of a lognormal."""
        return self._logs / self.count if self.count else float("nan")

    @property
    def log_deviation(self) -> float:
        """Standard deviation of the natural logarithms: the sigma of a lognormal."""
        return float(np.sqrt(max(self._squares / self.count - self.log_mean**2, 0.0))) if self.count else float("nan")
