"""Levels what measurements fall where they should rise: kernels change with the batch, and steps of larger ones can be a little shorter."""

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.06
"""Largest fall that is levelled, as a share; a larger one is a mistake of the measurement."""


def falls(values: NDArray[np.float64]) -> list[tuple[int, ...]]:
    """Places that lie below an earlier one along an axis by more than the tolerance."""
    highest = values
    for axis in range(values.ndim):
        highest = np.maximum.accumulate(highest, axis=axis)
    return [tuple(int(at) for at in place) for place in np.argwhere(values < highest * (1 - TOLERANCE))]


def levelled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the least rising surface above the values and the largest one below; it rises, and is equal where they do."""
    above, below = values, values
    for axis in range(values.ndim):
        above = np.maximum.accumulate(above, axis=axis)
        below = np.flip(np.minimum.accumulate(np.flip(below, axis), axis=axis), axis)
    surface: NDArray[np.float64] = (above + below) / 2
    return surface
