"""Is an answer right? A success curve over the difficulty of the question, fitted so that its mean is the published score.

P(right | difficulty d) = σ((θ − d) / s): a stronger model has a larger θ, so a question that a weak model answers for a given draw
of luck is answered by every stronger one too. θ is solved for each model and level so that the mean over the workload's Beta
distribution of difficulty equals score × quality of the level.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from cloudsim.errors import ConfigError

SLOPE = 0.15
"""Width s of the curve: from 12 % to 88 % right over 0.6 of the difficulty scale (assumed)."""


def success(threshold: NDArray[np.float64], difficulty: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of a right answer, element by element."""
    return np.asarray(1.0 / (1.0 + np.exp((difficulty - threshold) / SLOPE)))


@cache
def difficulties(alpha: float, beta: float) -> NDArray[np.float64]:
    """Midpoints of 512 equal shares of the difficulties drawn from Beta(alpha, beta); the mean over them is that over the workload."""
    from scipy.special import betaincinv

    return np.asarray(betaincinv(alpha, beta, (np.arange(512) + 0.5) / 512))


def fit_threshold(score: float, alpha: float, beta: float) -> float:
    """θ at which the mean success over difficulties drawn from Beta(alpha, beta) equals `score` in (0, 1)."""
    if not 0 < score < 1:
        raise ConfigError(f"a score of {score:g} has no success curve; it must lie between 0 and 1")
    nodes = difficulties(alpha, beta)
    low, high = -5.0, 6.0
    for _ in range(60):  # bisection by hand: importing scipy.optimize costs half a second, a run's start-up
        middle = (low + high) / 2
        if success(np.asarray(middle), nodes).mean() < score:
            low = middle
        else:
            high = middle
    return (low + high) / 2
