"""How many requests a second will arrive: forecast from those that have come, or known from the trace.

The forecast is a normal distribution of the mean rate over the next intervals. It is in error where arrivals are not a linear function of
the last ones with normal noise: it misses bursts that nothing announces, and a cycle that is longer than its history. What is known has
no error.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cloudsim.errors import ConfigError


class RateForecast(NamedTuple):
    """Requests a second: mean and standard deviation."""

    mean_rps: float
    std_rps: float


class ArrivalForecast:
    """Bayesian linear regression (scikit-learn's `BayesianRidge`) of the mean of the next `ahead` intervals on the last `lags`.

    The standard deviation is that of the predictive distribution: noise and uncertainty of the weights. Before there are `2 * lags + ahead`
    intervals it is the mean and the standard deviation of those that have been.

    Args:
        lags, ahead: intervals, at least 1. window: the latest intervals that are learned from.

    Raises:
        ConfigError: scikit-learn is not installed.
    """

    def __init__(self, lags: int, ahead: int, window: int) -> None:
        for name, value, least in (("lags", lags, 1), ("ahead", ahead, 1), ("window", window, 2 * lags + ahead)):
            if value < least:
                raise ValueError(f"{name} is {value}; it must be at least {least}")
        self._lags, self._ahead, self._window = lags, ahead, window
        self._regression = _regression()

    def of(self, arrivals_rps: Sequence[float]) -> RateForecast:
        """The forecast after these intervals, of which there is at least one."""
        rates = np.array(arrivals_rps[-self._window :])
        if len(rates) < 2 * self._lags + self._ahead:
            return RateForecast(float(rates.mean()), float(rates.std()))
        rows = np.lib.stride_tricks.sliding_window_view(rates, self._lags)
        coming = np.lib.stride_tricks.sliding_window_view(rates[self._lags :], self._ahead).mean(axis=1)
        if np.ptp(coming) == 0:  # nothing to learn a spread from
            return RateForecast(float(coming[-1]), 0.0)
        model = self._regression().fit(rows[: len(coming)], coming)
        mean, std = model.predict(rows[-1:], return_std=True)
        return RateForecast(max(0.0, float(mean[0])), float(std[0]))


class KnownArrivals:
    """The oracle: counts the arrivals of the trace.

    Args:
        arrivals_s: their sorted times.
    """

    def __init__(self, arrivals_s: NDArray[np.float64]) -> None:
        self._arrivals_s = arrivals_s

    def most_rps(self, from_s: float, to_s: float, interval_s: float) -> float:
        """The highest rate of the intervals of `interval_s` seconds that begin in [from_s, to_s), one after the other."""
        edges = np.append(np.arange(from_s, max(to_s, from_s + interval_s), interval_s), max(to_s, from_s + interval_s))
        counts = np.diff(np.searchsorted(self._arrivals_s, edges))
        return float((counts / np.diff(edges)).max())


def _regression() -> Any:
    try:
        from sklearn.linear_model import BayesianRidge
    except ModuleNotFoundError:
        raise ConfigError("the arrival forecast needs scikit-learn: pip install -c constraints.txt -e '.[forecast]'") from None
    return BayesianRidge
