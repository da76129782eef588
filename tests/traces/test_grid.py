"""Carbon intensity over time."""

import numpy as np
import pytest

from tests.cluster.scenario import preset
from traces.errors import TraceError
from traces.generators.daily_grid import DailyGrid
from traces.grid import GridSeries


def daily(**changes):
    made = {name: value for name, value in preset("grid", "daily").items() if name != "_target_"}
    return DailyGrid(**(made | changes))


def test_means_over_intervals_are_those_of_the_steps():
    series = GridSeries(np.array([0.0, 10.0, 30.0]), np.array([100.0, 200.0, 400.0])).check()
    assert series.mean(0, 10) == 100
    assert series.mean(5, 20) == pytest.approx((5 * 100 + 10 * 200) / 15)
    assert series.mean(0, 60) == pytest.approx((10 * 100 + 20 * 200 + 30 * 400) / 60)
    assert series.mean(30, 31) == 400
    assert series.mean(10, 10) == 200


def test_a_day_has_the_mean_of_its_region_and_is_cleanest_when_stated():
    made = daily(start_hour=0, cleanest_hour=13).grid("us-east-2", 86_400.0)
    assert made.mean(0, 86_400) == pytest.approx(410.6)
    assert set(np.argsort(made.g_per_kwh)[:2]) == {12, 13}
    assert made.g_per_kwh.max() <= 410.6 * 1.15
    assert daily().grid("nowhere", 3600.0).g_per_kwh == pytest.approx(392.8, rel=0.15)


@pytest.mark.parametrize(
    ("times", "values", "told"),
    [([0.0, 5.0], [1.0], "one intensity"), ([1.0], [1.0], "start at 0"), ([0.0, 0.0], [1.0, 1.0], "repeat"), ([0.0], [-1.0], "negative")],
)
def test_broken_series_are_refused(times, values, told):
    with pytest.raises(TraceError, match=told):
        GridSeries(np.array(times), np.array(values)).check()


@pytest.mark.parametrize(("key", "value"), [("swing", 1.5), ("cleanest_hour", 24), ("other_g_per_kwh", -1)])
def test_bad_options_are_named(key, value):
    with pytest.raises(TraceError, match=key):
        daily(**{key: value})
