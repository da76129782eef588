"""Thresholded Gaussian processes: what correlation of the hidden variables gives a wanted behaviour of the on/off ones.

A zone is up while a hidden standard normal variable is below a threshold. The probability that two such variables are below their
thresholds h and k is, with correlation r = sin(t) (Owen 1956; Emrich & Piedmonte 1991 use it to generate binary data),

    P(h, k; r) = P(h) P(k) + 1/(2 pi) * integral from 0 to asin(r) of exp(-((h - k)^2 / (2 cos^2 t) + h k / (1 + sin t))) dt
"""

from math import pi, sqrt

import numpy as np

from traces.tables import Floats

ANGLE_RAD = np.linspace(0.0, pi / 2, 8001)[:-1]
"""Grid of t on which joint probabilities are tabulated; correlations up to 1 - 2e-8."""


def correlations() -> Floats:
    """Hidden correlations of the grid, rising from 0 to just under 1."""
    return np.asarray(np.sin(ANGLE_RAD))


def joint_probability(h: float, k: float, below_h: float, below_k: float) -> Floats:
    """P(X < h, Y < k) for every correlation of the grid.

    Args:
        h: threshold of X.
        k: threshold of Y.
        below_h: P(X < h).
        below_k: P(Y < k).
    """
    density = np.exp(-(((h - k) / np.cos(ANGLE_RAD)) ** 2 / 2 + h * k / (1 + np.sin(ANGLE_RAD))))
    area = np.concatenate(([0.0], np.cumsum((density[1:] + density[:-1]) / 2))) * (ANGLE_RAD[1] - ANGLE_RAD[0])
    return np.asarray(below_h * below_k + area / (2 * pi))


def binary_correlation(h: float, k: float, below_h: float, below_k: float) -> Floats:
    """Correlation of the indicators X < h and Y < k for every hidden correlation of the grid."""
    scale = sqrt(below_h * (1 - below_h) * below_k * (1 - below_k))
    return np.asarray((joint_probability(h, k, below_h, below_k) - below_h * below_k) / scale)


def correlated_paths(steps: int, memory: Floats, rng: np.random.Generator) -> Floats:
    """Independent stationary AR(1) processes of unit variance (Ornstein-Uhlenbeck processes seen at equal steps).

    Args:
        steps: length of each path, at least 1.
        memory: correlation of two steps of each process, in [0, 1). Shape (m,).
        rng: source of chance; a longer call begins with the path of a shorter one.

    Returns:
        Shape (steps, m).
    """
    paths = rng.standard_normal((steps, len(memory)))
    shock = np.sqrt(1 - memory**2)
    for index in range(1, steps):
        paths[index] = memory * paths[index - 1] + shock * paths[index]
    return paths
