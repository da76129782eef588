"""Fitting a market that a generator made finds the generator again; fitting the real ones finds the presets."""

import numpy as np
import pytest

from traces.errors import TraceError
from traces.fitting.correlated_zones import correlations
from traces.fitting.durations import fit_duration
from traces.fitting.likeness import Measures, likeness
from traces.fitting.market import fit_market, parameters
from traces.fitting.zone_record import records_of, zone_records
from traces.generation import market_table
from traces.generators.durations import ExponentialDuration, LognormalDuration, WeibullDuration
from traces.generators.slots import SlotMarket
from traces.generators.zones import CorrelatedZones
from traces.reading.trace import read_trace
from traces.span import span_s
from traces.tables import SpotTrace, ZoneSeries

DAY_S = 86_400.0
STATED = {"name": "made", "provenance": "assumed", "origin": "a test", "price_step_s": 21_600.0, "price_memory_h": 48.0}
PRICES = {"price_low_usd_per_h": 1.0, "price_mean_usd_per_h": 1.2, "price_high_usd_per_h": 1.6}
EAST, WEST = {"region": "us-east-1", **PRICES}, {"region": "us-west-2", **PRICES}
MADE = {
    "zones": (
        CorrelatedZones(
            **STATED, within_region_correlation=0.35, across_region_correlation=0.1, step_s=600.0, region_memory_h=8.0,
            slow_memory_h=24.0, fast_memory_h=0.6,
            zones={
                "us-east-1a": EAST | {"availability": 0.5, "mean_up_h": 2.0}, "us-east-1b": EAST | {"availability": 0.7, "mean_up_h": 3.0},
                "us-west-2a": WEST | {"availability": 0.8, "mean_up_h": 5.0}, "us-west-2b": WEST | {"availability": 0.6, "mean_up_h": 2.5},
            },
        ),
        90,
    ),
    "bursts": (
        SlotMarket(
            **STATED,
            zones={
                "us-east-1a": EAST
                | {
                    "slots": 32, "up": {"kind": "exponential", "mean_h": 6.0}, "down": {"kind": "exponential", "mean_h": 0.8},
                    "bursts": [0.6, 0.3, 0.1],
                }
            },
        ),
        10,
    ),
    "one": (
        SlotMarket(
            **STATED,
            zones={
                "us-east-1a": EAST
                | {
                    "slots": 1, "up": {"kind": "lognormal", "log_mean": 0.5, "log_sigma": 1.2},
                    "down": {"kind": "weibull", "shape": 0.7, "scale_h": 1.0},
                }
            },
        ),
        60,
    ),
}  # fmt: skip


def made(name, seed):
    market, days = MADE[name]
    return market.spot(days * DAY_S, np.random.default_rng(seed))


@pytest.mark.parametrize("name", MADE)
def test_intervals_hold_the_true_numbers_as_often_as_they_say(name):
    true, hits, apart = parameters(MADE[name][0]), [], []
    for seed in range(4):
        fitted = fit_market(records_of(made(name, seed)), "fitted", "a test")
        assert type(fitted.market) is type(MADE[name][0])
        found = parameters(fitted.market)
        assert found.keys() == true.keys()
        days = MADE[name][1]
        again = (fitted.market.spot(days * DAY_S, np.random.default_rng(1000 + at)) for at in range(8))
        measures = Measures(lambda table: parameters(fit_market(records_of(table), "fitted", "a test").market), lambda table: {})
        for key, one in likeness(found, {}, again, measures).parameters.items():
            assert one.low is not None
            hits.append(one.low <= true[key] <= one.high)
            apart.append(abs(true[key] - one.value) / (one.high - one.low))
    assert np.mean(hits) > 0.8  # of 20 to 40 intervals, each from eight tables only
    assert max(apart) < 1.5


def test_prices_and_how_they_move_are_fitted():
    market = fit_market(records_of(made("zones", 1)), "fitted", "a test").market
    assert market.price_step_s == 21_600
    assert market.price_memory_h == pytest.approx(48, rel=0.4)
    for zone in market.zones.values():
        assert 1.0 <= zone.price_low_usd_per_h < zone.price_mean_usd_per_h == pytest.approx(1.2, abs=0.1)
        assert zone.price_mean_usd_per_h < zone.price_high_usd_per_h <= 1.6


@pytest.mark.parametrize(
    "duration",
    [
        ExponentialDuration(kind="exponential", mean_h=3.0),
        LognormalDuration(kind="lognormal", log_mean=1.0, log_sigma=1.3),
        WeibullDuration(kind="weibull", shape=0.6, scale_h=2.0),
    ],
    ids=lambda one: one.kind,
)
def test_durations_are_fitted_though_the_longest_did_not_end(duration):
    hours = duration.draw_s(3000, np.random.default_rng(0)) / 3600
    limit = float(np.quantile(hours, 0.85))
    fitted = fit_duration(hours[hours < limit], np.full(int((hours >= limit).sum()), limit))
    assert fitted.kind == duration.kind
    for key, value in duration.model_dump().items():
        if key != "kind":
            assert getattr(fitted, key) == pytest.approx(value, rel=0.08, abs=0.05)


def test_few_runs_are_taken_for_exponential():
    assert fit_duration(np.array([1.0, 2.0, 6.0]), np.array([3.0])) == ExponentialDuration(kind="exponential", mean_h=4.0)


def test_shocks_are_told_from_bursts():
    market = SlotMarket(**STATED, shocks={"per_day": 2.0, "share": 0.7}, zones={
        "us-east-1a": EAST | {
            "slots": 60, "up": {"kind": "exponential", "mean_h": 30.0}, "down": {"kind": "exponential", "mean_h": 0.5},
            "bursts": [0.7, 0.3],
        }
    })  # fmt: skip
    fitted = fit_market(records_of(market.spot(20 * DAY_S, np.random.default_rng(0))), "fitted", "a test").market
    assert fitted.shocks.per_day == pytest.approx(2.0, abs=0.8)
    assert fitted.shocks.share == pytest.approx(0.7, abs=0.04)
    assert fitted.zones["us-east-1a"].bursts == pytest.approx([0.7, 0.3], abs=0.05)


def real(data_folder, name):
    trace = read_trace(data_folder / name)
    frame = trace.table.to_pandas()
    return zone_records(frame, span_s(frame, trace.reading.notes.facts))


def test_the_v100_trace_gives_the_numbers_of_its_preset(data_folder, preset):
    shipped = preset("spot", "aws_v100_like")
    fitted = fit_market(real(data_folder, "skynomad_v100"), "fitted", "a test").market
    assert isinstance(fitted, CorrelatedZones)
    assert fitted.within_region_correlation == pytest.approx(shipped.within_region_correlation, abs=0.01)
    assert fitted.across_region_correlation == pytest.approx(shipped.across_region_correlation, abs=0.01)
    for name, zone in shipped.zones.items():
        assert fitted.zones[name].availability == pytest.approx(zone.availability, abs=0.006)
        assert fitted.zones[name].mean_up_h == pytest.approx(zone.mean_up_h, rel=0.015)


@pytest.mark.parametrize(("file", "name"), [("bamboo/p3-trace.csv", "bamboo_p3_like"), ("bamboo/a100x1-east1b.txt", "gcp_a100_like")])
def test_clusters_give_the_numbers_of_their_presets(data_folder, preset, file, name):
    shipped = preset("spot", name)
    fitted = fit_market(real(data_folder, file), "fitted", "a test", 1.0).market
    [mine], [zone] = fitted.zones.values(), shipped.zones.values()
    assert mine.slots == zone.slots
    assert mine.up.mean_h == pytest.approx(zone.up.mean_h, rel=0.02)
    assert mine.down.mean_h == pytest.approx(zone.down.mean_h, rel=0.02)
    assert mine.bursts == pytest.approx(zone.bursts, abs=0.01)
    if shipped.shocks:
        assert fitted.shocks.per_day == pytest.approx(shipped.shocks.per_day, abs=0.01)


def zone(name, *changes, price=1.0):
    time_s, capacity = (np.array(column) for column in zip(*changes, strict=True))
    return ZoneSeries(name, name[:-1], time_s.astype(float), capacity, np.full(len(changes), price))


def test_zones_that_hardly_change_are_named():
    trace = made("zones", 0)
    fitted = fit_market(records_of(SpotTrace((*trace.zones, zone("us-west-2c", (0.0, 1))), trace.span_s)), "fitted", "a test")
    assert fitted.remarks == ("us-west-2c hardly ever changed; made to change for 0.1% of the time",)
    assert fitted.market.zones["us-west-2c"].availability == 0.999


def test_runs_that_no_correlated_zones_can_have_become_zones_of_their_own():
    changes = [(at * 3600.0, at % 2) for at in range(200)]
    trace = SpotTrace((zone("us-east-1a", *changes), zone("us-west-2a", *changes)), 200 * 3600.0)
    fitted = fit_market(records_of(trace), "fitted", "a test")
    assert isinstance(fitted.market, SlotMarket)
    assert "correlation of zones is not made" in fitted.remarks[0]


@pytest.mark.parametrize(
    ("series", "price", "problem"),
    [
        ([zone("us-east-1a", (0.0, 4))], None, "no capacity ever changes"),
        ([zone("us-east-1a", (0.0, 4), (50.0, 2), price=np.nan)], None, "zone us-east-1a has no prices; say --price"),
    ],
)
def test_what_cannot_be_fitted_is_refused(series, price, problem):
    with pytest.raises(TraceError, match=problem):
        fit_market(records_of(SpotTrace(tuple(series), 100.0)), "fitted", "a test", price)


def test_tables_with_several_types_or_without_capacities_are_refused():
    frame = market_table(made("one", 0)).to_pandas()
    with pytest.raises(TraceError, match=r"us-east-1a has prices but no capacities"):
        zone_records(frame.assign(capacity=float("nan")), DAY_S)
    two = frame.assign(instance_type=["a" if at % 2 else "b" for at in range(len(frame))])
    with pytest.raises(TraceError, match="several instance types"):
        zone_records(two, DAY_S)
    with pytest.raises(TraceError, match="over before all its zones have begun"):
        zone_records(frame, 0.0)


def test_correlations_of_one_zone_are_none():
    assert correlations(records_of(made("one", 0))) == (0.0, 0.0)
