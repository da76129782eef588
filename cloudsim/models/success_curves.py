"""How often one model is right: by level, share of its reasoning that is written, samples it votes among, and difficulty."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.models.elastic import Level
from cloudsim.models.quality import difficulties, fit_threshold, success
from cloudsim.models.voting import voted
from traces.tables import Floats

Ints = NDArray[np.integer[Any]]
KNOTS = np.linspace(-16.0, 16.0, 257)
"""Log odds of a mean score at which the threshold is fitted; between them it is interpolated."""


class SuccessCurves:
    """The success curves of one model's levels; see `quality` and `voting`.

    A level says what is left of the score with its own share of the reasoning tokens. Where a request writes less than that, a share
    q(s) = (1 − exp(−k·s)) / (1 − exp(−k)) of it is left, with s the share written of the level's own: a curve that saturates as
    test-time compute does, F(N) = F_max·(1 − (1 − p)^N) in TTSPM (arXiv 2505.20522), and is 1 at s = 1.

    Args:
        score: share of right answers of the full model over the workload, in (0, 1).
        levels: its levels.
        alpha, beta: of the distribution of difficulty.
        saturation: k above 0; the larger, the sooner reasoning saturates.
    """

    def __init__(self, score: float, levels: Sequence[Level], alpha: float, beta: float, saturation: float) -> None:
        self._workload, self._saturation = (alpha, beta), saturation
        self._scores = np.array([score * level.quality for level in levels])
        self._thresholds = np.array([fit_threshold(mean, alpha, beta) for mean in self._scores.tolist()])
        self._tokens = np.array([level.tokens for level in levels], dtype=np.float32)

    def chance(self, level: Ints, written: NDArray[np.float32], samples: Ints, difficulty: Floats) -> Floats:
        """Probability of a right answer, request by request.

        Args:
            level: index. written: share of the reasoning tokens. samples: from 1. Shape (n,) each, as are difficulties and the result.
        """
        found = success(self._threshold(level, written), difficulty)
        for count in np.unique(samples[samples > 1]).tolist():
            rows = samples == count
            found[rows] = voted(found[rows], count)
        return found

    def share(self, level: int, written: float, samples: int) -> float:
        """Share of right answers over the workload."""
        threshold = self._threshold(np.array([level]), np.array([written], dtype=np.float32))
        return float(voted(success(threshold, difficulties(*self._workload)), samples).mean())

    def _threshold(self, level: Ints, written: NDArray[np.float32]) -> Floats:
        threshold, own = self._thresholds[level], self._tokens[level]
        short = written < own
        if short.any():
            kept = saturating(written[short] / own[short], self._saturation)
            mean = np.maximum(self._scores[level][short] * kept, 1e-6)
            fitted = np.interp(np.log(mean / (1.0 - mean)), KNOTS, _fitted(*self._workload))
            threshold[short] = np.minimum(threshold[short], fitted)
        return np.asarray(threshold)


def saturating(share: NDArray[Any], saturation: float) -> Floats:
    """q(s), what is left of the score for each share of the reasoning in [0, 1]; see `SuccessCurves`."""
    return np.asarray(np.expm1(-saturation * share.astype(np.float64)) / np.expm1(-saturation))


@cache
def _fitted(alpha: float, beta: float) -> Floats:
    """Thresholds at `KNOTS`."""
    return np.array([fit_threshold(mean, alpha, beta) for mean in (1.0 / (1.0 + np.exp(-KNOTS))).tolist()])
