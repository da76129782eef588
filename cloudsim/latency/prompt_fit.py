"""Fits the closed form of prompts, max(floor, a + b·Σn) + c·Σn², to measured steps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ROUNDS = 12


@dataclass(frozen=True, slots=True)
class PromptFit:
    """Milliseconds, none below 0, and the mean relative error in per cent."""

    floor_ms: float
    step_ms: float
    token_ms: float
    token2_ms: float
    error_pct: float

    def at(self, tokens: Array, squares: Array) -> Array:
        """Milliseconds of steps. Args: tokens, squares: Σn and Σn² over a step's prompts. Shape of both."""
        return np.maximum(self.floor_ms, self.step_ms + self.token_ms * tokens) + self.token2_ms * squares


def fit_prompts(tokens: Array, squares: Array, took_ms: Array) -> PromptFit:
    """The form with the least mean relative error, over all numbers of points that lie on its floor.

    Args:
        tokens, squares: Σn and Σn² of each step. Shape (points,), four or more.
        took_ms: what it took. Shape (points,).
    """
    order = np.argsort(tokens, kind="stable")
    tokens, squares, took_ms = tokens[order], squares[order], took_ms[order]
    fits = [_with_floor(flat, tokens, squares, took_ms) for flat in range(len(tokens) - 2)]
    return min(fits, key=lambda fit: fit.error_pct)


def _with_floor(flat: int, tokens: Array, squares: Array, took_ms: Array) -> PromptFit:
    """The best one with so many points on the floor: least absolute error by reweighted least squares, nothing below 0."""
    from scipy.optimize import nnls

    on_floor, weight = np.arange(len(tokens)) < flat, np.ones(len(tokens))
    terms = np.stack([on_floor, ~on_floor, ~on_floor * tokens, squares], axis=1) / took_ms[:, None]
    scale = np.maximum(terms.max(0), 1e-300)
    found: Array = np.zeros(4)
    for _ in range(ROUNDS):
        found, _ = nnls(terms / scale * weight[:, None], weight)
        weight = 1 / np.sqrt(np.maximum(np.abs(terms / scale @ found - 1), 0.01))
    floor, step, token, token2 = (found / scale).tolist()
    made = PromptFit(max(floor, step), step, token, token2, 0.0)
    error = float(100 * np.mean(np.abs(made.at(tokens, squares) / took_ms - 1)))
    return PromptFit(made.floor_ms, step, token, token2, error)
