"""Linear regressions that learn one outcome at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class RidgeArms:
    """Ridge regressions of a reward on a context, one for each arm.

    After contexts X and rewards r of an arm, A = ridge·I + XᵀX, the weights are A⁻¹Xᵀr, and xᵀA⁻¹x is the variance of the estimate at x for
    rewards of variance 1. A⁻¹ is kept up to date by the formula of Sherman and Morrison: nothing is inverted or solved.

    Args:
        arms: their number. size: length of a context. ridge: above 0.
    """

    def __init__(self, arms: int, size: int, ridge: float) -> None:
        if not ridge > 0:
            raise ValueError(f"ridge is {ridge}; it must be above 0")
        # Of each arm the rows of A⁻¹ and below them the weights; the last column, like the last number of a context, is 0. So one product
        # with a context gives all that is asked, and one outer product updates it.
        self._arms: Floats = np.zeros((arms, size + 1, size + 1))
        self._arms[:, :size, :size] = np.eye(size) / ridge
        self._rows = self._arms.reshape(arms * (size + 1), size + 1)
        self._shape = (arms, size + 1)

    @staticmethod
    def context(numbers: Sequence[float]) -> Floats:
        """A context as the other methods take it."""
        return np.array((*numbers, 0.0))

    def estimates(self, context: Floats) -> tuple[list[float], list[float]]:
        """Expected reward of each arm in a context, and the variance of that expectation."""
        product = self._rows.dot(context).reshape(self._shape)
        means: list[float] = product[:, -1].tolist()
        variances: list[float] = product.dot(context).tolist()
        return means, variances

    def learn(self, arm: int, context: Floats, reward: float) -> None:
        """An arm has earned a reward in a context."""
        known = self._arms[arm]
        turned = known.dot(context)  # A⁻¹x, and the expected reward
        gain = turned / (1.0 + float(context.dot(turned)))
        gain[-1] = 0.0
        turned[-1] -= reward
        known -= np.multiply.outer(turned, gain)
