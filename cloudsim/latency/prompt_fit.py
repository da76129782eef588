"""Fits the closed form of prompts, max(floor, a + b·n) + c·n², to measured steps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudsim.latency.measurements import PromptPoints


@dataclass(frozen=True, slots=True)
class PromptFit:
    """Milliseconds, none below 0, and the mean relative error in per cent."""

    floor_ms: float
    step_ms: float
    token_ms: float
    token2_ms: float
    error_pct: float

    def at(self, tokens: NDArray[np.float64]) -> NDArray[np.float64]:
        """Milliseconds of prompts. Shape of `tokens`."""
        return np.maximum(self.floor_ms, self.step_ms + self.token_ms * tokens) + self.token2_ms * tokens**2


def fit_prompts(points: PromptPoints) -> PromptFit:
    """The form with the least mean relative error, over all numbers of points that lie on its floor."""
    from scipy.optimize import nnls

    tokens, took = np.array(points.tokens, float), np.array(points.step_ms)
    best: PromptFit | None = None
    for flat in range(len(tokens) - 2):
        on_floor = np.arange(len(tokens)) < flat
        terms = np.stack([on_floor, ~on_floor, ~on_floor * tokens, tokens**2], axis=1) / took[:, None]
        scale = np.maximum(terms.max(0), 1e-300)
        found, _ = nnls(terms / scale, np.ones(len(took)))
        floor, step, token, token2 = (found / scale).tolist()
        made = PromptFit(max(floor, step), step, token, token2, 0.0)
        error = float(100 * np.mean(np.abs(made.at(tokens) / took - 1)))
        if best is None or error < best.error_pct:
            best = PromptFit(made.floor_ms, step, token, token2, error)
    assert best is not None, "four points or more"
    return best
