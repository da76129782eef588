"""The spot generator against the published statistics of nine AWS zones, and its invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from traces.errors import TraceError
from traces.generators.gaussian import ANGLE_RAD, correlations, joint_probability
from traces.generators.zones import CorrelatedZones
from traces.provenance import Provenance

STEP_S = 630.0
DAY_S = 86_400.0
AVAILABILITY = (0.17, 0.47, 0.45, 0.59, 0.76, 0.68, 0.88, 0.91, 0.89)
MEAN_UP_H = (0.72, 1.48, 1.66, 2.26, 5.68, 4.26, 6.06, 10.4, 6.81)
PRICE_RANGE_USD_PER_H = (0.92, 1.85)


def states(trace):
    """Capacity of each zone in the middle of each step; shape (zones, steps)."""
    time_s = np.arange(1, trace.span_s // STEP_S) * STEP_S
    return np.array([zone.capacity[np.searchsorted(zone.time_s, time_s, side="right") - 1] for zone in trace.zones])


def runs_h(series):
    """Lengths of the whole up-runs and down-runs of one zone, hours."""
    capacity_changes = np.flatnonzero(np.diff(series.capacity)) + 1
    lengths_h = np.diff(series.time_s[capacity_changes]) / 3600
    up = series.capacity[capacity_changes[:-1]] == 1
    return lengths_h[up], lengths_h[~up]


@pytest.fixture(scope="module")
def market(preset):
    """Four years of the default market."""
    return preset("spot", "aws_v100_like").spot(1460 * DAY_S, np.random.default_rng(3))


@pytest.fixture(scope="module")
def pair_means(market):
    """Mean correlation of pairs of zones, within a region and across."""
    table = np.corrcoef(states(market))
    same = np.array([[a.region == b.region for b in market.zones] for a in market.zones])
    above = np.triu(np.ones_like(same), 1).astype(bool)
    return table[above & same].mean(), table[above & ~same].mean()


def test_each_zone_has_its_published_availability(market):
    assert states(market).mean(axis=1) == pytest.approx(AVAILABILITY, abs=0.025)


def test_each_zone_has_its_mean_up_and_down_runs(market):
    up_h, down_h = zip(*((up.mean(), down.mean()) for up, down in map(runs_h, market.zones)), strict=True)

    assert up_h == pytest.approx(MEAN_UP_H, rel=0.1)
    assert down_h == pytest.approx([up * (1 - a) / a for up, a in zip(MEAN_UP_H, AVAILABILITY, strict=True)], rel=0.1)


def test_run_lengths_spread_as_the_published_lognormals(market):
    up_h, down_h = (np.concatenate(runs) for runs in zip(*map(runs_h, market.zones), strict=True))

    assert (up_h.mean(), np.median(up_h)) == pytest.approx((3.2, 0.54), rel=0.08)
    assert (down_h.mean(), np.median(down_h)) == pytest.approx((1.8, 0.5), rel=0.08)
    assert np.percentile(up_h, 99) == pytest.approx(45, rel=0.25)
    assert (np.log(up_h).mean(), np.log(up_h).std()) == pytest.approx((-0.23, 1.46), abs=0.1)
    assert (np.log(down_h).mean(), np.log(down_h).std()) == pytest.approx((-0.40, 1.28), abs=0.1)


def test_zones_are_correlated_within_and_across_regions(pair_means):
    assert pair_means == pytest.approx((0.43, 0.14), abs=0.03)


def test_the_zones_of_a_region_are_lost_together(market):
    def near(losses_s, other_s):
        place = np.searchsorted(other_s, losses_s)
        before, after = other_s[np.maximum(place - 1, 0)], other_s[np.minimum(place, len(other_s) - 1)]
        return (np.minimum(abs(losses_s - before), abs(losses_s - after)) <= STEP_S + 1e-6).mean()

    lost_s = [series.time_s[1:][np.diff(series.capacity) < 0] for series in market.zones]
    any_s = np.arange(0, market.span_s, 997.0)
    pairs = {True: [], False: []}
    for one, first in enumerate(market.zones):
        for two, second in enumerate(market.zones):
            if one != two:
                pairs[first.region == second.region].append((near(lost_s[one], lost_s[two]), near(any_s, lost_s[two])))
    together, base = np.mean(pairs[True], axis=0)
    apart, apart_base = np.mean(pairs[False], axis=0)

    assert together == pytest.approx(0.197, abs=0.03)
    assert base == pytest.approx(0.080, abs=0.02)
    assert apart == pytest.approx(apart_base, abs=0.02)


def test_now_and_then_no_zone_is_up(market):
    assert (states(market).sum(axis=0) == 0).mean() == pytest.approx(0.008, abs=0.004)


def test_time_zero_is_stationary(preset):
    source = preset("spot", "aws_v100_like")
    first = np.array([[zone.capacity[0] for zone in source.spot(60, np.random.default_rng(seed)).zones] for seed in range(300)])

    assert first.mean(axis=0) == pytest.approx(AVAILABILITY, abs=4 * 0.5 / np.sqrt(300))


def test_prices_drift_within_their_published_range_and_do_not_predict_capacity(market):
    for series in market.zones:
        price = series.price_usd_per_h
        assert PRICE_RANGE_USD_PER_H[0] <= price.min() <= price.max() <= PRICE_RANGE_USD_PER_H[1]
        held_s = np.diff(np.append(series.time_s, market.span_s))
        weights = held_s / held_s.sum()
        centred = price - weights @ price, series.capacity - weights @ series.capacity
        correlation = weights @ (centred[0] * centred[1]) / np.sqrt((weights @ centred[0] ** 2) * (weights @ centred[1] ** 2))
        assert abs(correlation) < 0.1
        changed_s = series.time_s[1:][np.diff(price) != 0]
        assert np.diff(changed_s).min() >= 21_600 - 1e-6


def test_capacity_is_zero_or_one_and_regions_change_at_their_own_instants(market):
    phases = {}
    for series in market.zones:
        assert set(series.capacity) == {0, 1}
        changed_s = series.time_s[1:][np.diff(series.capacity) != 0]
        phases.setdefault(series.region, set()).update(np.round(changed_s % STEP_S, 3))
    assert [len(phase) for phase in phases.values()] == [1, 1, 1]
    assert len(set.union(*phases.values())) == 3


def test_presets_are_ordered_from_calm_to_storm(preset):
    calm, usual, storm = (preset("spot", name).spot(120 * DAY_S, np.random.default_rng(0)) for name in ("calm", "aws_v100_like", "storm"))

    assert calm.sources[0].provenance is storm.sources[0].provenance is Provenance.ASSUMED
    assert usual.sources[0].provenance is Provenance.PUBLISHED
    up = [states(market).mean() for market in (calm, usual, storm)]
    losses = [sum((np.diff(series.capacity) < 0).sum() for series in market.zones) for market in (calm, usual, storm)]
    assert up == sorted(up, reverse=True)
    assert losses == sorted(losses)
    assert up[0] > 0.9
    assert losses[2] > 2 * losses[1]


@given(short_s=st.floats(1.0, 1e5), longer=st.floats(1.0, 5.0), seed=st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_a_longer_market_begins_with_the_shorter_one(preset, short_s, longer, seed):
    source = preset("spot", "aws_v100_like")
    short, long = (source.spot(span_s, np.random.default_rng(seed)) for span_s in (short_s, short_s * longer))

    for one, other in zip(short.zones, long.zones, strict=True):
        kept = other.time_s < short_s
        assert one.time_s.tobytes() == other.time_s[kept].tobytes()
        assert one.capacity.tobytes() == other.capacity[kept].tobytes()
        assert one.price_usd_per_h.tobytes() == other.price_usd_per_h[kept].tobytes()


@pytest.mark.parametrize(("h", "k", "r"), [(0.0, 0.0, 0.5), (-1.0, 1.3, 0.3), (1.2, 1.2, 0.99), (0.4, -0.9, 0.95)])
def test_joint_probability_agrees_with_scipy(h, k, r):
    ours = np.interp(np.arcsin(r), ANGLE_RAD, joint_probability(h, k, norm.cdf(h), norm.cdf(k)))

    assert ours == pytest.approx(multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([h, k]), abs=1e-6)


def test_joint_probability_rises_to_that_of_equal_variables():
    joint = joint_probability(-0.5, -0.5, norm.cdf(-0.5), norm.cdf(-0.5))

    assert (np.diff(joint) > 0).all()
    assert joint[0] == pytest.approx(norm.cdf(-0.5) ** 2)
    assert joint[-1] == pytest.approx(norm.cdf(-0.5), abs=1e-3)
    assert correlations()[-1] < 1


def options(**changed):
    zone = {
        "region": "r",
        "availability": 0.5,
        "mean_up_h": 2.0,
        "price_low_usd_per_h": 1.0,
        "price_mean_usd_per_h": 1.2,
        "price_high_usd_per_h": 2.0,
    }
    zones = {name: {**zone, **values} for name, values in changed.pop("zones", {"a": {}, "b": {}, "c": {"region": "q"}}).items()}
    return {
        "name": "test",
        "provenance": "assumed",
        "origin": "a test",
        "zones": zones,
        "within_region_correlation": 0.4,
        "across_region_correlation": 0.1,
        "step_s": 600,
        "region_memory_h": 8.0,
        "slow_memory_h": 24.0,
        "fast_memory_h": 0.5,
        "price_step_s": 3600,
        "price_memory_h": 100.0,
        **changed,
    }


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"zones": {}}, ["zones", "at least 1"]),
        ({"zones": {"a": {"availability": 1.2}, "b": {"mean_up_h": -1.0}}}, ["zones.a.availability", "1.2", "zones.b.mean_up_h", "-1"]),
        ({"zones": {"a": {"price_mean_usd_per_h": 3.0}}}, ["zones.a", "low < mean < high"]),
        ({"zones": {"a": {"colour": 3}}}, ["zones.a.colour"]),
        ({"zones": {"a": {"mean_up_h": 0.1}}}, ["zones.a.mean_up_h", "longer than step_s"]),
        ({"zones": {"a": {"mean_up_h": 500.0}}}, ["zones.a.mean_up_h of 500", "possible are"]),
        ({"across_region_correlation": 0.7}, ["across_region_correlation of 0.7", "within_region_correlation"]),
        ({"within_region_correlation": 1.0}, ["within_region_correlation", "less than 1"]),
        (
            {"within_region_correlation": 0.9, "zones": {"a": {"availability": 0.1, "mean_up_h": 1}, "b": {"availability": 0.9}}},
            ["within_region_correlation of 0.9", "at most 0.11"],
        ),
        ({"slow_memory_h": 0.2}, ["slow_memory_h (0.2) must be above fast_memory_h (0.5)"]),
        ({"step_s": 0}, ["step_s", "greater than 0"]),
        ({"phase_s": 0}, ["phase_s is not an option"]),
    ],
)
def test_impossible_markets_are_refused_with_what_is_possible(changed, words):
    with pytest.raises(TraceError) as error:
        CorrelatedZones(**options(**changed))
    for word in ["CorrelatedZones", *words]:
        assert word in str(error.value)


@pytest.mark.parametrize("zones", [{"only": {}}, {"a": {}, "b": {}}, {"a": {}, "b": {"region": "q"}}])
def test_markets_without_pairs_of_one_kind_work(zones):
    trace = CorrelatedZones(**options(zones=zones)).spot(50 * DAY_S, np.random.default_rng(0))

    assert [series.zone for series in trace.zones] == list(zones)
    assert all(series.capacity.max() == 1 for series in trace.zones)


def test_a_constant_price_stays_constant():
    flat = {"price_low_usd_per_h": 1.5, "price_mean_usd_per_h": 1.5, "price_high_usd_per_h": 1.5}
    trace = CorrelatedZones(**options(zones={"a": flat})).spot(DAY_S, np.random.default_rng(0))

    assert set(trace.zones[0].price_usd_per_h) == {1.5}
