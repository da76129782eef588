"""A state that comes and goes, with exponential times."""

from collections.abc import Iterator

import numpy as np


def on_off(duration_s: float, mean_off_s: float, mean_on_s: float, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
    """The times, within `duration_s`, at which the state comes and goes; it is off at time 0. The last end may lie beyond."""
    time_s = rng.exponential(mean_off_s)
    while time_s < duration_s:
        until_s = time_s + max(rng.exponential(mean_on_s), 1e-3)
        yield time_s, until_s
        time_s = until_s + max(rng.exponential(mean_off_s), 1e-3)
