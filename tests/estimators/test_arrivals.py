"""Arrivals: the forecast is as uncertain as it says, and what is known is counted."""

import numpy as np
import pytest

from cloudsim.estimators.arrivals import ArrivalForecast, KnownArrivals


def test_the_forecast_errs_as_much_as_it_says():
    """An autoregressive rate: nine of ten outcomes lie within the nine tenths interval, about."""
    rng, rates = np.random.default_rng(3), [10.0]
    for _ in range(700):
        rates.append(10 + 0.8 * (rates[-1] - 10) + rng.normal())
    forecast, hits = ArrivalForecast(4, 1, 200), []
    for at in range(300, 700, 2):
        mean, std = forecast.of(rates[:at])
        hits.append(abs(rates[at] - mean) <= 1.645 * std)
    assert np.mean(hits) == pytest.approx(0.9, abs=0.06)


def test_a_constant_rate_is_certain():
    assert ArrivalForecast(3, 2, 30).of([7.0] * 30) == (7.0, 0.0)


def test_the_known_rate_is_that_of_the_busiest_interval():
    known = KnownArrivals(np.array([0.0, 1.0, 2.0, 15.0, 16.0, 31.0]))
    assert known.most_rps(0.0, 30.0, 10.0) == 0.3
    assert known.most_rps(10.0, 30.0, 10.0) == 0.2
    assert known.most_rps(20.0, 20.0, 10.0) == 0.0
