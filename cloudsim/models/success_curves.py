"""How often one model is right: by level, by the samples it votes among, and by the difficulty of the question."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.models.quality import difficulties, fit_threshold, success
from cloudsim.models.voting import voted
from traces.tables import Floats

Ints = NDArray[np.integer[Any]]


class SuccessCurves:
    """The success curves of one model's levels; see `quality` and `voting`.

    Args:
        score: share of right answers of the full model over the workload, in (0, 1).
        qualities: share of it that each level keeps.
        alpha, beta: of the distribution of difficulty.
    """

    def __init__(self, score: float, qualities: Sequence[float], alpha: float, beta: float) -> None:
        self._nodes = difficulties(alpha, beta)
        self._thresholds = np.array([fit_threshold(score * quality, alpha, beta) for quality in qualities])

    def chance(self, level: Ints, samples: Ints, difficulty: Floats) -> Floats:
        """Probability of a right answer, request by request. Shape (n,) each."""
        found = success(self._thresholds[level], difficulty)
        for count in np.unique(samples[samples > 1]).tolist():
            rows = samples == count
            found[rows] = voted(found[rows], count)
        return found

    def share(self, level: int, samples: int) -> float:
        """Share of right answers over the workload."""
        return float(voted(success(self._thresholds[level], self._nodes), samples).mean())
