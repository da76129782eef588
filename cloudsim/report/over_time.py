"""Timeline columns on one grid of time bins, and their mean and range over the replications."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
MOST_BINS = 180


@dataclass(frozen=True, slots=True)
class Band:
    """One contender over time: mean, lowest and highest replication. All of shape (bins,); NaN where no replication has a value."""

    contender: str
    mean: Floats
    low: Floats
    high: Floats


class TimeGrid:
    """The timeline table cut into at most `MOST_BINS` bins of equal length, one cell a contender, replication and bin.

    Args:
        timeline: the table of `cloudsim.metrics.tables.TIMELINE`.
        contenders: the names that give the first axis; rows of others are left out.
    """

    def __init__(self, timeline: "pd.DataFrame", contenders: Sequence[str]) -> None:
        owner = codes(timeline["contender"], contenders)
        replications, replication = np.unique(timeline["replication"].to_numpy(), return_inverse=True)
        times, rank = np.unique(timeline["time_s"].to_numpy(dtype=np.float64), return_inverse=True)
        every = max(1, -(-len(times) // MOST_BINS))
        bins = -(-len(times) // every)
        ends = times[np.minimum(np.arange(1, bins + 1) * every, len(times)) - 1] if len(times) else times
        starts = np.concatenate([[0.0], ends[:-1]]) if len(times) else times
        self._timeline = timeline
        self._known = owner >= 0
        self._shape = (len(contenders), len(replications), bins)
        self._cell = (owner * len(replications) + replication)[self._known] * bins + (rank // every)[self._known]
        self.contenders = list(contenders)
        self.width_s: Floats = ends - starts
        self.minute: Floats = (starts + ends) / 120

    @property
    def replications(self) -> int:
        """Number of replications in the table."""
        return self._shape[1]

    def total(self, column: str) -> Floats:
        """Sum of `column` in each cell; NaN where the run has no row. Shape (contenders, replications, bins)."""
        values, there = self._sums(column)
        return np.asarray(np.where(there > 0, values, np.nan))

    def average(self, column: str) -> Floats:
        """Mean of the values of `column` that are not NaN in each cell; NaN where there are none. Shape as `total`."""
        values, there = self._sums(column)
        return np.asarray(np.divide(values, there, out=np.full(values.shape, np.nan), where=there > 0))

    def _sums(self, column: str) -> tuple[Floats, Floats]:
        values = self._timeline[column].to_numpy(dtype=np.float64)[self._known]
        there = np.isfinite(values)
        sums, number = (
            np.bincount(self._cell, weights=weights, minlength=math.prod(self._shape)).astype(np.float64).reshape(self._shape)
            for weights in (np.where(there, values, 0.0), there)
        )
        return sums, number

    def bands(self, values: Floats) -> list[Band]:
        """Mean and range over the replications of `values`, shape (contenders, replications, bins); contenders without any are left out."""
        there = np.isfinite(values)
        number = there.sum(axis=1)
        mean = np.divide(np.where(there, values, 0.0).sum(axis=1), number, out=np.full(number.shape, np.nan), where=number > 0)
        low = np.where(there, values, np.inf).min(axis=1, initial=np.inf)
        high = np.where(there, values, -np.inf).max(axis=1, initial=-np.inf)
        low[number == 0] = high[number == 0] = np.nan
        return [Band(name, mean[i], low[i], high[i]) for i, name in enumerate(self.contenders) if number[i].any()]


def codes(column: "pd.Series[Any]", names: Sequence[str]) -> NDArray[np.int64]:
    """Index in `names` of every value of a column of words, -1 for a word that is not among them. Shape (rows,)."""
    import pandas as pd

    # Not `astype`: pandas takes two sets of the same words in another order for the same type and keeps the old codes.
    words = pd.Categorical(column)
    place = np.append(pd.Index(names).get_indexer(pd.Index(words.categories)), -1)
    return np.asarray(place[words.codes], dtype=np.int64)
