"""Whether a paired difference is more than chance: Student's t-test, and Holm's correction for many tests at once."""

from collections.abc import Sequence

import numpy as np

ALPHA = 0.05
"""Chance of one false claim or more among all tests of a league, where no policy differs from the default."""


def paired_p(differences: Sequence[float]) -> float | None:
    """Two-sided p-value of the hypothesis that paired differences have mean 0 (Student's t, n − 1 degrees of freedom).

    None for fewer than two. Where all are alike nothing is left to chance: 1 if they are 0, else 0.
    """
    from scipy.special import stdtr

    sample = np.asarray(differences, dtype=np.float64)
    if len(sample) < 2:
        return None
    spread = float(sample.std(ddof=1))
    if spread == 0.0:
        return 1.0 if sample[0] == 0.0 else 0.0
    t = float(sample.mean()) / (spread / len(sample) ** 0.5)
    return float(2 * stdtr(len(sample) - 1, -abs(t)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the order given (Holm, Scandinavian Journal of Statistics 6, 1979).

    The smallest of m is multiplied by m, the next by m − 1, and so on; none may be below the one before it, nor above 1.
    """
    order = sorted(range(len(p_values)), key=lambda at: p_values[at])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = highest
    return adjusted
