"""Markets of slots: durations, bursts, shocks and outages as stated, and presets against what they mimic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from scipy import stats

from traces.errors import TraceError
from traces.generators.durations import BathtubDuration, Duration, LognormalDuration, WeibullDuration
from traces.generators.slots import SlotMarket
from traces.reading.trace import read_trace

DAY_S = 86_400.0
PRICES = {"price_low_usd_per_h": 1.0, "price_mean_usd_per_h": 1.0, "price_high_usd_per_h": 1.0}
LABELS = {"name": "test", "provenance": "assumed", "origin": "a test", "price_step_s": 3600.0, "price_memory_h": 24.0}
ZONE = {
    "region": "r", "slots": 10, "up": {"kind": "exponential", "mean_h": 4.0}, "down": {"kind": "exponential", "mean_h": 1.0}, **PRICES
}  # fmt: skip
BATHTUB = BathtubDuration(kind="bathtub", a=0.64, early_h=0.96, late_h=1.09, cap_h=25.4)


def market(zones, **more):
    return SlotMarket(**LABELS, zones=zones, **more)


def losses(series):
    """How many instances each loss takes."""
    change = np.diff(series.capacity)
    return -change[change < 0]


def mean_capacity(series, span_s):
    return np.average(series.capacity, weights=np.diff(series.time_s, append=span_s))


def test_slots_are_up_as_long_as_stated():
    trace = market({"a": ZONE}).spot(400 * DAY_S, np.random.default_rng(0))
    series = trace.zones[0]

    assert mean_capacity(series, trace.span_s) / 10 == pytest.approx(4 / 5, abs=0.01)
    assert mean_capacity(series, trace.span_s) * trace.span_s / 3600 / losses(series).sum() == pytest.approx(4.0, rel=0.03)
    assert set(losses(series)) == {1}


@pytest.mark.parametrize(
    ("up", "fitted"),
    [
        ({"kind": "lognormal", "log_mean": -0.23, "log_sigma": 1.46}, (stats.lognorm, {"floc": 0}, (1.46, 0, np.exp(-0.23)))),
        ({"kind": "weibull", "shape": 0.6, "scale_h": 2.0}, (stats.weibull_min, {"floc": 0}, (0.6, 0, 2.0))),
    ],
)
def test_runs_of_a_single_slot_have_the_stated_distribution(up, fitted):
    family, fixed, parameters = fitted
    down = {"kind": "lognormal", "log_mean": -0.40, "log_sigma": 1.28}
    series = market({"a": {**ZONE, "slots": 1, "up": up, "down": down}}).spot(2000 * DAY_S, np.random.default_rng(0)).zones[0]
    hours = np.diff(series.time_s)[series.capacity[:-1] == 1][1:] / 3600

    assert len(hours) > 3000
    assert family.fit(hours, **fixed) == pytest.approx(parameters, rel=0.06, abs=1e-9)


def test_bursts_have_the_stated_sizes():
    series = market({"a": {**ZONE, "slots": 60, "bursts": [0.5, 0.0, 0.5]}}).spot(60 * DAY_S, np.random.default_rng(0)).zones[0]
    sizes = np.bincount(losses(series), minlength=4)

    assert sizes[2] < 0.01 * sizes.sum()
    assert sizes[3] / sizes.sum() == pytest.approx(0.5, abs=0.03)


def test_shocks_take_their_share_of_every_zone_of_a_region_at_once():
    still = {**ZONE, "slots": 40, "up": {"kind": "exponential", "mean_h": 1e6}}
    zones = {"a": still, "b": still, "c": {**still, "region": "other"}}
    a, b, c = market(zones, shocks={"per_day": 2.0, "share": 0.5}).spot(200 * DAY_S, np.random.default_rng(0)).zones

    def times(series):
        return set(series.time_s[1:][np.diff(series.capacity) < -8].tolist())

    assert len(times(a)) == pytest.approx(400, rel=0.15)
    assert len(times(a) & times(b)) > 0.95 * len(times(a))
    assert not times(a) & times(c)
    assert losses(a)[losses(a) > 8].mean() == pytest.approx(20, rel=0.1)


def test_an_outage_leaves_nothing_and_ends_with_what_would_have_been():
    plain = market({"a": ZONE, "b": ZONE}).spot(DAY_S, np.random.default_rng(3))
    out = market({"a": ZONE, "b": ZONE}, outages=[{"zones": ["a"], "at_s": 3600, "lasts_s": 1800}]).spot(DAY_S, np.random.default_rng(3))

    def at(series, seconds):
        return series.capacity[np.searchsorted(series.time_s, seconds, side="right") - 1]

    grid = np.arange(0, DAY_S, 60.0)
    gone = (grid >= 3600) & (grid < 5400)
    assert (at(out.zones[0], grid)[gone] == 0).all()
    assert (at(out.zones[0], grid)[~gone] == at(plain.zones[0], grid)[~gone]).all()
    assert (at(out.zones[1], grid) == at(plain.zones[1], grid)).all()


def test_the_bathtub_has_the_published_shape():
    hours = BATHTUB.draw_s(200_000, np.random.default_rng(0)) / 3600
    grid = np.array([0.5, 1.0, 2.0, 6.0, 12.0, 22.0, 23.0, 24.0])

    assert [(hours < edge).mean() for edge in grid] == pytest.approx(BATHTUB.share_ended(grid), abs=0.005)
    assert hours.max() < 26
    assert BATHTUB.mean_h == pytest.approx(hours.mean(), rel=0.01)


def test_the_bathtub_fits_the_real_lifetimes(data_folder):
    hours = np.sort(read_trace(data_folder / "goog_preemption/preemptible_vm_lifetimes.csv").table.to_pandas()["lifetime_s"] / 3600)
    ended = np.arange(1, len(hours) + 1) / len(hours)
    # As published: the root mean square error of F is .042.
    assert np.sqrt(np.mean((BATHTUB.share_ended(hours) - ended) ** 2)) == pytest.approx(0.042, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(
    slots=st.integers(1, 12), up_h=st.floats(0.05, 50), down_h=st.floats(0.05, 20), first=st.floats(0, 1), per_day=st.floats(0, 30),
    share=st.floats(0, 1), seed=st.integers(0, 2**32),
)  # fmt: skip
def test_any_market_is_a_table_within_its_slots_and_a_function_of_its_seed(slots, up_h, down_h, first, per_day, share, seed):
    zone = {
        **ZONE, "slots": slots, "up": {"kind": "exponential", "mean_h": up_h}, "down": {"kind": "exponential", "mean_h": down_h},
        "bursts": [first, 1 - first],
    }  # fmt: skip
    made = market({"a": zone, "b": zone}, shocks={"per_day": per_day, "share": share})
    first_trace, again = (made.spot(DAY_S, np.random.default_rng(seed)).check() for _ in range(2))

    for one, other in zip(first_trace.zones, again.zones, strict=True):
        assert one.capacity.min() >= 0
        assert one.capacity.max() <= slots
        assert one.capacity.tobytes() == other.capacity.tobytes()
        assert one.time_s.tobytes() == other.time_s.tobytes()


def test_bamboo_preset_has_the_statistics_of_the_cluster(preset):
    trace = preset("spot", "bamboo_p3_like").spot(200 * DAY_S, np.random.default_rng(0))
    series = trace.zones[0]
    lost = losses(series)

    assert mean_capacity(series, trace.span_s) == pytest.approx(24.0, abs=0.6)
    assert mean_capacity(series, trace.span_s) * trace.span_s / 3600 / lost.sum() == pytest.approx(1.64, abs=0.1)
    assert lost.mean() == pytest.approx(2.1, abs=0.1)
    assert lost.max() == 6


def test_a100_preset_has_the_statistics_of_the_cluster(preset):
    trace = preset("spot", "gcp_a100_like").spot(400 * DAY_S, np.random.default_rng(0))
    series = trace.zones[0]
    lost = losses(series)

    assert mean_capacity(series, trace.span_s) == pytest.approx(57.3, abs=1.0)
    assert mean_capacity(series, trace.span_s) * trace.span_s / 3600 / lost.sum() == pytest.approx(10.0, abs=0.7)
    assert lost.mean() == pytest.approx(4.3, abs=0.4)
    assert (lost >= 25).sum() / 400 == pytest.approx(0.89, abs=0.15)


def test_zone_outage_preset_loses_a_region(preset):
    trace = preset("spot", "zone_outage").spot(7200.0, np.random.default_rng(0))
    for series in trace.zones:
        held = series.capacity[np.searchsorted(series.time_s, 3000.0, side="right") - 1]
        assert held == (0 if series.region == "us-east-1" else 1)
    assert trace.span_s == 7200


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"zones": {"a": {**ZONE, "bursts": [0.5, 0.2]}}}, ["bursts must sum to 1", "0.7"]),
        ({"zones": {"a": {**ZONE, "up": {"kind": "bathtub", "a": 0.6, "early_h": 1.0, "late_h": 9.0, "cap_h": 9.0}}}}, ["no bathtub"]),
        ({"zones": {"a": {**ZONE, "up": {"kind": "uniform"}}}}, ["uniform", "weibull"]),
        ({"zones": {"a": ZONE}, "outages": [{"zones": ["b"], "at_s": 0, "lasts_s": 9}]}, ["b is no zone", "they are a"]),
        ({"zones": {"a": {**ZONE, "slots": 0}}, "shocks": {"per_day": -1.0, "share": 2.0}}, ["slots", "per_day", "share"]),
        ({"zones": {}}, ["zones"]),
    ],
)
def test_impossible_markets_are_refused(changed, words):
    with pytest.raises(TraceError) as error:
        SlotMarket(**{**LABELS, **changed})
    for word in words:
        assert word in str(error.value)


def test_mean_hours_are_those_of_the_draws():
    for stated in (
        LognormalDuration(kind="lognormal", log_mean=0.3, log_sigma=0.7), WeibullDuration(kind="weibull", shape=0.7, scale_h=3.0)
    ):  # fmt: skip
        drawn = stated.draw_s(400_000, np.random.default_rng(0))
        assert drawn.mean() / 3600 == pytest.approx(stated.mean_h, rel=0.01)
        assert TypeAdapter(Duration).validate_python(stated.model_dump()) == stated
