"""The traffic generators against the statistics they were given."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traces.blocks import joined
from traces.errors import TraceError
from traces.generators.gaps import GammaGaps, PoissonGaps, WeibullGaps
from traces.generators.lengths import Exponential, Lognormal, ParetoLognormal, Quantiles
from traces.generators.rate import Days, Drift, FlashCrowd, Hours, expected_arrivals
from traces.generators.traffic import Traffic
from traces.provenance import Provenance

SPAN_S = 58 * 60.0
LABELS = {"name": "test", "provenance": "assumed", "origin": "a test"}
QUANTILES = {
    **LABELS,
    "rate_rps": 5.0,
    "gaps": {"kind": "poisson"},
    "input": {"kind": "quantiles", "levels": [0, 0.5, 1], "tokens": [1, 10, 100]},
    "output": {"kind": "quantiles", "levels": [0, 1], "tokens": [2, 2]},
}
HOURLY = [0.5] * 6 + [1.0] * 6 + [2.0] * 6 + [0.5] * 6


def gap_cv_in_windows(arrival_s, window_s=600.0):
    """Mean over whole windows of standard deviation over mean of the gaps."""
    windows = np.split(arrival_s, np.searchsorted(arrival_s, np.arange(window_s, arrival_s[-1], window_s)))[:-1]
    gaps = [np.diff(window) for window in windows]
    return np.mean([gap.std() / gap.mean() for gap in gaps])


def test_azure_preset_has_the_published_arrivals(preset):
    traffic = preset("traffic", "azure_conv_like")
    tables = [joined(traffic.requests(SPAN_S, np.random.default_rng(seed))) for seed in range(60)]
    counts = [np.bincount((table.arrival_s // 60).astype(int), minlength=58) for table in tables]

    assert np.mean([len(table) / SPAN_S for table in tables]) == pytest.approx(5.53, rel=0.01)
    assert np.mean([gap_cv_in_windows(table.arrival_s) for table in tables]) == pytest.approx(1.05, abs=0.01)
    assert np.mean([count.max() / count.mean() for count in counts]) == pytest.approx(1.54, abs=0.03)
    # Not published, but measured on the trace: the minute counts drift rather than jump.
    assert np.mean([np.corrcoef(count[1:], count[:-1])[0, 1] for count in counts]) == pytest.approx(0.82, abs=0.06)


def test_azure_preset_has_the_published_lengths(preset):
    table = joined(preset("traffic", "azure_conv_like").requests(200_000, np.random.default_rng(0)))

    assert np.percentile(table.input_tokens, (50, 90, 99)) == pytest.approx((1020, 2734, 4142), rel=0.01)
    assert np.percentile(table.output_tokens, (50, 90, 99)) == pytest.approx((129, 424, 601), rel=0.01)
    assert table.input_tokens.mean() == pytest.approx(1154.7, rel=0.02)
    assert table.output_tokens.mean() == pytest.approx(211.1, rel=0.02)
    assert abs(np.corrcoef(table.input_tokens, table.output_tokens)[0, 1]) < 0.02
    assert table.sources[0].provenance is Provenance.PUBLISHED


def test_poisson_preset_is_poisson_with_the_stated_means(preset):
    table = joined(preset("traffic", "poisson").requests(100_000, np.random.default_rng(0)))
    counts = np.bincount((table.arrival_s // 10).astype(int), minlength=10_000)

    assert len(table) / 100_000 == pytest.approx(4.0, rel=0.01)
    assert counts.var() / counts.mean() == pytest.approx(1.0, abs=0.06)
    # The cut at 8,192 and 2,048 tokens takes a little off the means of 700 and 200.
    assert table.input_tokens.mean() == pytest.approx(700, rel=0.02)
    assert table.output_tokens.mean() == pytest.approx(200, rel=0.02)


def test_azure_code_preset_has_the_published_statistics(preset):
    traffic = preset("traffic", "azure_code_like")
    tables = [joined(traffic.requests(SPAN_S, np.random.default_rng(seed))) for seed in range(200)]
    counts = [np.bincount((table.arrival_s // 60).astype(int), minlength=58) for table in tables]
    long = joined(traffic.requests(400_000, np.random.default_rng(0)))

    # The mean rate of a run of an hour has a standard deviation of an eighth: heaps are few and large.
    assert len(long) / 400_000 == pytest.approx(2.57, rel=0.04)
    assert np.mean([gap_cv_in_windows(table.arrival_s) for table in tables]) == pytest.approx(11.2, abs=0.3)
    assert np.mean([count.max() / count.mean() for count in counts]) == pytest.approx(4.16, abs=0.2)
    assert np.percentile(long.input_tokens, (50, 90, 99)) == pytest.approx((1469, 5187, 7436), rel=0.01)
    assert np.percentile(long.output_tokens, (50, 90, 99)) == pytest.approx((13, 55, 251), rel=0.02)


def test_mooncake_preset_has_the_published_statistics(preset):
    traffic = preset("traffic", "mooncake_like")
    tables = [joined(traffic.requests(SPAN_S, np.random.default_rng(seed))) for seed in range(60)]
    counts = [np.bincount((table.arrival_s // 60).astype(int), minlength=58) for table in tables]
    long = joined(traffic.requests(200_000, np.random.default_rng(0)))

    assert np.mean([len(table) / SPAN_S for table in tables]) == pytest.approx(3.40, rel=0.01)
    assert np.mean([count.max() / count.mean() for count in counts]) == pytest.approx(1.21, abs=0.03)
    assert np.percentile(long.input_tokens, (50, 90, 99)) == pytest.approx((6909, 27367, 85400), rel=0.01)
    assert np.percentile(long.output_tokens, (50, 90, 99)) == pytest.approx((350, 597, 1118), rel=0.01)


@pytest.mark.parametrize(
    ("gaps", "cv"),
    [
        (PoissonGaps(kind="poisson"), 1.0),
        *((GammaGaps(kind="gamma", cv=cv), cv) for cv in (0.5, 1.0, 3.0)),
        *((WeibullGaps(kind="weibull", cv=cv), cv) for cv in (0.3, 1.0, 2.5)),
    ],
)
def test_gaps_have_mean_one_and_the_stated_variation(gaps, cv):
    between = np.diff(gaps.times(400_000.0, np.random.default_rng(1)))

    assert between.std() / between.mean() == pytest.approx(cv, rel=0.02)
    assert between.mean() == pytest.approx(1.0, rel=0.02)


def test_gaps_of_one_variation_have_the_tails_of_their_family():
    families = (GammaGaps(kind="gamma", cv=3.0), WeibullGaps(kind="weibull", cv=3.0))
    gamma, weibull = (np.diff(gaps.times(400_000.0, np.random.default_rng(1))) for gaps in families)
    # With one mean and variance a Weibull has more very long gaps, and fewer moderately long ones.
    assert np.quantile(weibull, 0.9999) > 1.2 * np.quantile(gamma, 0.9999)
    assert np.quantile(weibull, 0.95) < np.quantile(gamma, 0.95)


@given(minutes=st.integers(58, 500), ratio=st.floats(1.0, 20.0), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_a_drift_has_mean_one_and_the_stated_peak(minutes, ratio, seed):
    factors = Drift(kind="drift", peak_minute_ratio=ratio).factors(minutes, np.random.default_rng(seed))

    assert factors.shape == (minutes,)
    assert factors.mean() == pytest.approx(1.0)
    assert factors.max() == pytest.approx(ratio)
    assert (factors > 0).all()


def test_hours_repeat_daily_and_keep_the_mean_rate():
    factors = Hours(kind="hours", hourly=HOURLY, start_hour=6.0).factors(2880, np.random.default_rng(0))

    assert factors.mean() == pytest.approx(1.0, rel=1e-6)
    assert factors[:1440] == pytest.approx(factors[1440:])
    # Noon to six is the busiest quarter of the day, and begins six hours after the start.
    assert factors[390:690] == pytest.approx(2.0)
    assert factors[-60:-30] == pytest.approx(0.5, abs=0.3)


def test_days_are_those_of_a_week():
    factors = Days(kind="days", daily=[1, 1, 1, 1, 1, 0, 2]).factors(1440 * 8, np.random.default_rng(0))
    assert [factors[1440 * day] for day in range(8)] == pytest.approx([1, 1, 1, 1, 1, 0, 2, 1])


def test_a_flash_crowd_rises_and_fades():
    factors = FlashCrowd(kind="flash_crowd", at_s=3600, ratio=5, rise_s=600, fade_s=1800).factors(240, np.random.default_rng(0))

    assert factors[:49] == pytest.approx(1.0)
    assert factors.max() == pytest.approx(5.0, abs=0.25)
    assert factors[55] == pytest.approx(1 + 4 * (1 - 270 / 600))
    assert factors[90] == pytest.approx(1 + 4 * np.exp(-1), abs=0.03)


def test_shapes_multiply():
    shapes = [Hours(kind="hours", hourly=HOURLY), Days(kind="days", daily=[2, 1, 1, 1, 1, 1, 0])]
    edge_s, expected = expected_arrivals(7 * 86_400.0, 3.0, shapes, np.random.default_rng(0))

    assert expected[-1] == pytest.approx(7 * 86_400 * 3.0, rel=1e-6)
    assert expected[1440] == pytest.approx(2 * 86_400 * 3.0, rel=1e-6)
    assert edge_s[-1] == 7 * 86_400


@given(
    duration_s=st.floats(1e-3, 5e3),
    rate_rps=st.floats(1e-3, 20),
    gaps=st.one_of(
        st.just({"kind": "poisson"}),
        st.builds(lambda cv: {"kind": "gamma", "cv": cv}, st.floats(0.1, 8.0)),
        st.builds(lambda cv: {"kind": "weibull", "cv": cv}, st.floats(0.1, 8.0)),
    ),
    rate=st.lists(
        st.one_of(
            st.builds(lambda ratio: {"kind": "drift", "peak_minute_ratio": ratio}, st.floats(1.0, 10.0)),
            st.just({"kind": "hours", "hourly": HOURLY}),
            st.just({"kind": "flash_crowd", "at_s": 100.0, "ratio": 3.0, "rise_s": 30.0, "fade_s": 60.0}),
        ),
        max_size=3,
    ),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=100, deadline=None)
def test_arrivals_are_sorted_and_inside_the_window(duration_s, rate_rps, gaps, rate, seed):
    traffic = Traffic(**{**QUANTILES, "rate_rps": rate_rps, "gaps": gaps, "rate": rate})
    try:
        table = joined(traffic.requests(duration_s, np.random.default_rng(seed)))
    except TraceError:
        assert rate_rps * duration_s < 1000  # heaps are far apart, but not that far
        return
    assert np.isfinite(table.arrival_s).all()
    assert (np.diff(table.arrival_s) >= 0).all()
    assert ((table.arrival_s >= 0) & (table.arrival_s < duration_s)).all()


@given(tokens=st.lists(st.integers(1, 100_000), min_size=3, max_size=3).map(sorted), seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_any_quantiles_are_met(tokens, seed):
    drawn = Quantiles(kind="quantiles", levels=[0, 0.5, 1], tokens=tokens).draw(10_000, np.random.default_rng(seed))

    assert tokens[0] <= drawn.min() <= drawn.max() <= tokens[2]
    below = (drawn < tokens[1]).mean()
    assert below <= 0.5 + 0.04
    assert below + (drawn == tokens[1]).mean() >= 0.5 - 0.04


def test_lognormal_lengths_are_cut_and_have_the_stated_median():
    drawn = Lognormal(kind="lognormal", log_mean=5.0, log_sigma=1.0, most_tokens=300).draw(50_000, np.random.default_rng(0))

    assert np.median(drawn) == pytest.approx(np.exp(5.0), rel=0.03)
    assert (drawn.min(), drawn.max()) >= (1, 300)
    assert drawn.max() == 300


def test_a_pareto_tail_has_the_stated_share_and_exponent():
    lengths = ParetoLognormal(
        kind="pareto_lognormal",
        log_mean=4.0,
        log_sigma=0.5,
        most_tokens=10_000_000,
        tail_share=0.1,
        tail_from_tokens=2000,
        tail_exponent=1.5,
    )
    drawn = lengths.draw(400_000, np.random.default_rng(0))

    assert (drawn >= 2000).mean() == pytest.approx(0.1, rel=0.02)
    assert (drawn >= 8000).mean() == pytest.approx(0.1 * 4**-1.5, rel=0.03)
    assert np.median(drawn[drawn < 2000]) == pytest.approx(np.exp(4.0), rel=0.02)


def test_exponential_lengths_have_the_stated_mean():
    drawn = Exponential(kind="exponential", mean_tokens=250.0, most_tokens=100_000).draw(400_000, np.random.default_rng(0))
    assert drawn.mean() == pytest.approx(250, rel=0.01)
    assert (drawn > 500).mean() == pytest.approx(np.exp(-2), rel=0.03)


def test_the_same_generator_state_gives_the_same_table_and_another_another(preset):
    traffic = preset("traffic", "azure_conv_like")
    first, again, other = (joined(traffic.requests(600, np.random.default_rng(seed))) for seed in (7, 7, 8))

    assert first.arrival_s.tobytes() == again.arrival_s.tobytes()
    assert first.input_tokens.tobytes() == again.input_tokens.tobytes()
    assert first.output_tokens.tobytes() == again.output_tokens.tobytes()
    assert first.arrival_s.tobytes() != other.arrival_s.tobytes()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rate_rps": -1.0}, ["rate_rps", "-1", "greater than 0"]),
        ({"rate_rps": "five"}, ["rate_rps", "'five'"]),
        ({"rate_rps": float("nan")}, ["rate_rps", "nan"]),
        (
            {"gaps": {"kind": "gamma", "cv": 0.0}, "rate": [{"kind": "drift", "peak_minute_ratio": 0.5}]},
            ["gaps", "cv", "peak_minute_ratio"],
        ),
        ({"gaps": {"kind": "pareto"}}, ["gaps", "pareto", "gamma"]),
        ({"provenance": "guessed"}, ["provenance", "guessed", "measured", "assumed"]),
        ({"speed": 3}, ["speed is not an option", "rate_rps"]),
        ({"input": {"kind": "quantiles", "levels": [0, 0.6, 0.5], "tokens": [1, 2, 3]}}, ["input", "rise from 0 to 1"]),
        ({"input": {"kind": "quantiles", "levels": [0, 1], "tokens": [5, 4]}}, ["input", "must not fall"]),
        ({"output": {"kind": "quantiles", "levels": [0, 1], "tokens": [5]}}, ["output", "must have one value for each of the 2 levels"]),
        ({"output": {"kind": "quantiles", "levels": [0, 1], "tokens": [0, 5]}}, ["output", "greater than or equal to 1"]),
        ({"rate": [{"kind": "hours", "hourly": [1.0] * 23}]}, ["rate", "hourly", "24"]),
    ],
)
def test_impossible_options_are_all_named_at_once(changed, words):
    with pytest.raises(TraceError) as error:
        Traffic(**{**QUANTILES, **changed})
    for word in ["Traffic", *words]:
        assert word in str(error.value)


def test_a_missing_option_is_named():
    with pytest.raises(TraceError, match="origin is missing"):
        Traffic(**{key: value for key, value in QUANTILES.items() if key != "origin"})


@pytest.mark.parametrize("duration_s", [0.0, -5.0, float("inf"), float("nan")])
def test_an_impossible_duration_is_refused(duration_s):
    with pytest.raises(TraceError, match="duration_s"):
        joined(Traffic(**QUANTILES).requests(duration_s, np.random.default_rng(0)))


def test_a_run_too_short_for_one_request_says_so():
    with pytest.raises(TraceError, match=r"no request arrives in 0\.001 s"):
        joined(Traffic(**QUANTILES).requests(0.001, np.random.default_rng(0)))
