"""Fitting traffic that a generator made finds the generator again."""

import numpy as np
import pytest

from traces.blocks import joined
from traces.errors import TraceError
from traces.fitting.gaps import fit_gaps
from traces.fitting.lengths import fit_lengths, share_below
from traces.fitting.likeness import Measures, likeness
from traces.fitting.traffic import fit_traffic, parameters
from traces.generators.gaps import GammaGaps, WeibullGaps
from traces.generators.lengths import Exponential, Lognormal, ParetoLognormal, Quantiles
from traces.generators.rate import Days, Hours, expected_arrivals
from traces.generators.traffic import Traffic
from traces.tables import RequestTrace

STATED = {"name": "made", "provenance": "assumed", "origin": "a test"}
LOGNORMAL = {"kind": "lognormal", "log_mean": 6.0, "log_sigma": 0.9, "most_tokens": 100_000}
EXPONENTIAL = {"kind": "exponential", "mean_tokens": 180.0, "most_tokens": 100_000}
MADE = {
    "poisson": Traffic(**STATED, rate_rps=3.0, gaps={"kind": "poisson"}, input=LOGNORMAL, output=EXPONENTIAL),
    "bursts": Traffic(**STATED, rate_rps=3.0, gaps={"kind": "gamma", "cv": 2.5}, input=LOGNORMAL, output=EXPONENTIAL),
    "weibull": Traffic(**STATED, rate_rps=3.0, gaps={"kind": "weibull", "cv": 1.7}, input=EXPONENTIAL, output=LOGNORMAL),
    "drift": Traffic(
        **STATED, rate_rps=4.0, gaps={"kind": "poisson"}, rate=[{"kind": "drift", "peak_minute_ratio": 1.8}],
        input=LOGNORMAL, output=EXPONENTIAL,
    ),
}  # fmt: skip


def made(traffic, seed, span_s=3600.0):
    return joined(traffic.requests(span_s, np.random.default_rng(seed)))


def refitted(table):
    return parameters(fit_traffic(table, "fitted", "a test").traffic)


@pytest.mark.parametrize("name", MADE)
def test_intervals_hold_the_true_numbers_as_often_as_they_say(name):
    true, hits, apart = parameters(MADE[name]), [], []
    for seed in range(8):
        table = made(MADE[name], seed)
        fitted = fit_traffic(table, "fitted", "a test")
        found = parameters(fitted.traffic)
        assert found.keys() == true.keys()
        again = (made(fitted.traffic, 1000 + at) for at in range(12))
        intervals = likeness(found, {}, again, Measures(refitted, lambda table: {})).parameters
        for key, value in true.items():
            one = intervals[key]
            if one.low is None:  # the same in every table: no drift, or no bursts
                assert (key, one.value) in (("rate.drift.peak_minute_ratio", 1.0), ("gaps.cv", 1.0))
                continue
            hits.append(one.low <= value <= one.high)
            apart.append(abs(value - one.value) / (one.high - one.low))
    assert np.mean(hits) > 0.85  # of 95 % intervals, 40 to 48 of them
    assert max(apart) < 1.5  # and the others are near


def test_kinds_are_told_from_one_another():
    for name, kind in (("poisson", "poisson"), ("bursts", "gamma"), ("weibull", "weibull"), ("drift", "poisson")):
        fitted = fit_traffic(made(MADE[name], 5), "fitted", "a test")
        assert fitted.traffic.gaps.kind == kind
        assert [shape.kind for shape in fitted.traffic.rate] == (["drift"] if name == "drift" else [])
        assert fitted.distances["gaps"] < 0.02


@pytest.mark.parametrize("cv", [0.3, 2.0, 11.8])
def test_gaps_below_the_resolution_of_times_do_not_hide_their_kind(cv):
    for kind in (GammaGaps(kind="gamma", cv=cv), WeibullGaps(kind="weibull", cv=cv)):
        times = kind.times(20_000, np.random.default_rng(0))
        fitted, apart = fit_gaps(np.diff(times), float(np.spacing(times[-1])))
        assert fitted.kind == kind.kind
        assert fitted.cv == pytest.approx(cv, rel=0.25)
        assert apart < 0.06


@pytest.mark.parametrize("start_hour", [0.0, 7.25])
def test_hours_and_days_are_those_of_the_generator(start_hour):
    hourly = [round(1 + 0.6 * np.sin(hour / 24 * 2 * np.pi), 3) for hour in range(24)]
    daily = [1.2, 1.1, 1.0, 1.1, 1.2, 0.7, 0.7]
    shapes = [{"kind": "hours", "hourly": hourly, "start_hour": start_hour}, {"kind": "days", "daily": daily}]
    traffic = Traffic(**STATED, rate_rps=0.5, gaps={"kind": "poisson"}, rate=shapes, input=LOGNORMAL, output=EXPONENTIAL)
    fitted = fit_traffic(made(traffic, 0, 28 * 86_400.0), "fitted", "a test", start_hour).traffic
    hours, days = fitted.rate[:2]
    assert isinstance(hours, Hours)
    assert hours.start_hour == start_hour
    assert hours.hourly == pytest.approx(np.array(hourly) / np.mean(hourly), abs=0.03)
    assert isinstance(days, Days)
    assert days.daily == pytest.approx(np.array(daily) / np.mean(daily), abs=0.02)
    assert fitted.gaps.kind == "poisson"
    _, expected = expected_arrivals(28 * 86_400.0, fitted.rate_rps, fitted.rate, np.random.default_rng(0))
    assert expected[-1] == pytest.approx(0.5 * 28 * 86_400, rel=0.01)


LENGTHS = [
    Lognormal(kind="lognormal", log_mean=6.0, log_sigma=1.0, most_tokens=50_000),
    Exponential(kind="exponential", mean_tokens=250.0, most_tokens=4096),
    ParetoLognormal(
        kind="pareto_lognormal", log_mean=5.0, log_sigma=0.5, most_tokens=10**6, tail_share=0.1, tail_from_tokens=600, tail_exponent=1.2
    ),
    Quantiles(kind="quantiles", levels=[0, 0.2, 0.21, 0.7, 1], tokens=[1, 50, 400, 400, 1000]),
]


@pytest.mark.parametrize("lengths", LENGTHS, ids=lambda one: one.kind)
def test_lengths_are_fitted_with_their_own_kind(lengths):
    tokens = lengths.draw(20_000, np.random.default_rng(0))
    fitted, apart = fit_lengths(tokens)
    assert fitted.kind == lengths.kind
    assert apart < 0.025
    if lengths.kind == "pareto_lognormal":
        assert fitted.tail_exponent == pytest.approx(1.2, abs=0.25)
        assert fitted.tail_share == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize("lengths", LENGTHS, ids=lambda one: one.kind)
def test_the_share_below_is_that_of_the_draws(lengths):
    tokens = lengths.draw(200_000, np.random.default_rng(1))
    values = np.unique(np.quantile(tokens, np.linspace(0, 1, 40), method="inverted_cdf"))
    seen = [np.mean(tokens <= value) for value in values]
    assert share_below(lengths, values.astype(np.int64)) == pytest.approx(seen, abs=0.012)


def test_rounded_times_are_spread_and_it_is_said():
    table = made(MADE["poisson"], 0)
    rounded = RequestTrace(table.arrival_s // 3 * 3, table.input_tokens, table.output_tokens)
    fitted = fit_traffic(rounded, "fitted", "a test")
    assert fitted.traffic.gaps.kind == "poisson"
    assert "multiples of 3 s" in fitted.remarks[0]


@pytest.mark.parametrize("rows", [1, 99])
def test_too_few_requests_are_refused(rows):
    table = made(MADE["poisson"], 0).rows(0, rows)
    with pytest.raises(TraceError, match=f"{rows} requests .* at least 100"):
        fit_traffic(table, "fitted", "a test")


def test_requests_at_one_time_are_refused():
    ones = np.ones(200, dtype=np.int64)
    with pytest.raises(TraceError, match="distinct times"):
        fit_traffic(RequestTrace(np.zeros(200), ones, ones), "fitted", "a test")
