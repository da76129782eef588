"""The traffic generators against the statistics they were given."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traces.errors import TraceError
from traces.generators.arrivals import arrival_times, rate_profile
from traces.generators.traffic import LognormalTraffic, QuantileTraffic
from traces.provenance import Provenance

SPAN_S = 58 * 60.0
LABELS = {"name": "test", "provenance": "assumed", "origin": "a test"}
QUANTILES = {
    **LABELS,
    "rate_rps": 5.0,
    "gap_cv": 1.0,
    "peak_minute_ratio": None,
    "quantile_levels": [0, 0.5, 1],
    "input_tokens": [1, 10, 100],
    "output_tokens": [2, 2, 2],
}
LOGNORMAL = {
    **LABELS,
    "rate_rps": 5.0,
    "gap_cv": 1.0,
    "peak_minute_ratio": None,
    "input_log_mean": 5.0,
    "input_log_sigma": 1.0,
    "output_log_mean": 4.0,
    "output_log_sigma": 0.5,
    "max_input_tokens": 300,
    "max_output_tokens": 100,
}


def gap_cv_in_windows(arrival_s, window_s=600.0):
    """Mean over whole windows of standard deviation over mean of the gaps."""
    windows = np.split(arrival_s, np.searchsorted(arrival_s, np.arange(window_s, arrival_s[-1], window_s)))[:-1]
    gaps = [np.diff(window) for window in windows]
    return np.mean([gap.std() / gap.mean() for gap in gaps])


def test_azure_preset_has_the_published_arrivals(preset):
    traffic = preset("traffic", "azure_conv_like")
    tables = [traffic.requests(SPAN_S, np.random.default_rng(seed)) for seed in range(60)]
    counts = [np.bincount((table.arrival_s // 60).astype(int), minlength=58) for table in tables]

    assert np.mean([len(table) / SPAN_S for table in tables]) == pytest.approx(5.53, rel=0.01)
    assert np.mean([gap_cv_in_windows(table.arrival_s) for table in tables]) == pytest.approx(1.05, abs=0.01)
    assert np.mean([count.max() / count.mean() for count in counts]) == pytest.approx(1.54, abs=0.03)
    # Not published, but measured on the trace: the minute counts drift rather than jump.
    assert np.mean([np.corrcoef(count[1:], count[:-1])[0, 1] for count in counts]) == pytest.approx(0.82, abs=0.06)


def test_azure_preset_has_the_published_lengths(preset):
    table = preset("traffic", "azure_conv_like").requests(200_000, np.random.default_rng(0))

    assert np.percentile(table.input_tokens, (50, 90, 99)) == pytest.approx((1020, 2734, 4142), rel=0.01)
    assert np.percentile(table.output_tokens, (50, 90, 99)) == pytest.approx((129, 424, 601), rel=0.01)
    assert table.input_tokens.mean() == pytest.approx(1154.7, rel=0.02)
    assert table.output_tokens.mean() == pytest.approx(211.1, rel=0.02)
    assert abs(np.corrcoef(table.input_tokens, table.output_tokens)[0, 1]) < 0.02
    assert table.sources[0].provenance is Provenance.PUBLISHED


def test_poisson_preset_is_poisson_with_the_stated_means(preset):
    table = preset("traffic", "poisson").requests(100_000, np.random.default_rng(0))
    counts = np.bincount((table.arrival_s // 10).astype(int), minlength=10_000)

    assert len(table) / 100_000 == pytest.approx(4.0, rel=0.01)
    assert counts.var() / counts.mean() == pytest.approx(1.0, abs=0.06)
    # The cut at 8,192 and 2,048 tokens takes a little off the means of 700 and 200.
    assert table.input_tokens.mean() == pytest.approx(700, rel=0.02)
    assert table.output_tokens.mean() == pytest.approx(200, rel=0.02)


@pytest.mark.parametrize("gap_cv", [0.5, 1.0, 3.0])
def test_gaps_have_the_stated_variation_at_constant_rate(gap_cv):
    arrival_s = arrival_times(200_000, 2.0, gap_cv, None, np.random.default_rng(1))
    gaps = np.diff(arrival_s)

    assert gaps.std() / gaps.mean() == pytest.approx(gap_cv, rel=0.02)
    assert gaps.mean() == pytest.approx(0.5, rel=0.02)


@given(minutes=st.integers(58, 500), ratio=st.floats(1.0, 20.0), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_rate_profile_has_mean_one_and_the_stated_peak(minutes, ratio, seed):
    profile = rate_profile(minutes, ratio, np.random.default_rng(seed))

    assert profile.shape == (minutes,)
    assert profile.mean() == pytest.approx(1.0)
    assert profile.max() == pytest.approx(ratio)
    assert (profile > 0).all()


@given(
    duration_s=st.floats(1e-3, 5e3),
    rate_rps=st.floats(1e-3, 20),
    gap_cv=st.floats(0.1, 8.0),
    ratio=st.none() | st.floats(1.0, 10.0),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=100, deadline=None)
def test_arrivals_are_sorted_and_inside_the_window(duration_s, rate_rps, gap_cv, ratio, seed):
    arrival_s = arrival_times(duration_s, rate_rps, gap_cv, ratio, np.random.default_rng(seed))

    assert np.isfinite(arrival_s).all()
    assert (np.diff(arrival_s) >= 0).all()
    assert ((arrival_s >= 0) & (arrival_s < duration_s)).all()


@given(tokens=st.lists(st.integers(1, 100_000), min_size=3, max_size=3).map(sorted), seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_any_quantiles_are_met(tokens, seed):
    table = QuantileTraffic(**{**QUANTILES, "input_tokens": tokens}).requests(2000, np.random.default_rng(seed))

    assert tokens[0] <= table.input_tokens.min() <= table.input_tokens.max() <= tokens[2]
    below = (table.input_tokens < tokens[1]).mean()
    assert below <= 0.5 + 0.04
    assert below + (table.input_tokens == tokens[1]).mean() >= 0.5 - 0.04
    assert set(table.output_tokens) == {2}


def test_lognormal_lengths_are_cut_and_have_the_stated_median():
    table = LognormalTraffic(**LOGNORMAL).requests(5000, np.random.default_rng(0))

    assert np.median(table.input_tokens) == pytest.approx(np.exp(5.0), rel=0.03)
    assert table.input_tokens.max() == 300
    assert table.output_tokens.max() == 100
    assert table.input_tokens.min() >= 1


def test_the_same_generator_state_gives_the_same_table_and_another_another(preset):
    traffic = preset("traffic", "azure_conv_like")
    first, again, other = (traffic.requests(600, np.random.default_rng(seed)) for seed in (7, 7, 8))

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
        ({"gap_cv": 0.0, "peak_minute_ratio": 0.5}, ["gap_cv", "peak_minute_ratio"]),
        ({"provenance": "guessed"}, ["provenance", "guessed", "measured", "assumed"]),
        ({"rate": 3}, ["rate is not an option", "rate_rps"]),
        ({"quantile_levels": [0, 0.6, 0.5]}, ["quantile_levels", "rise from 0 to 1"]),
        ({"input_tokens": [5, 4, 9], "output_tokens": [1, 2]}, ["input_tokens must not fall", "output_tokens must have one value"]),
        ({"input_tokens": [0, 4, 9]}, ["input_tokens.0", "greater than or equal to 1"]),
    ],
)
def test_impossible_options_are_all_named_at_once(changed, words):
    with pytest.raises(TraceError) as error:
        QuantileTraffic(**{**QUANTILES, **changed})
    for word in ["QuantileTraffic", *words]:
        assert word in str(error.value)


def test_a_missing_option_is_named():
    with pytest.raises(TraceError, match="origin is missing"):
        QuantileTraffic(**{key: value for key, value in QUANTILES.items() if key != "origin"})


@pytest.mark.parametrize("duration_s", [0.0, -5.0, float("inf"), float("nan")])
def test_an_impossible_duration_is_refused(duration_s):
    with pytest.raises(TraceError, match="duration_s"):
        QuantileTraffic(**QUANTILES).requests(duration_s, np.random.default_rng(0))


def test_a_run_too_short_for_one_request_says_so():
    with pytest.raises(TraceError, match=r"no request arrives in 0\.001 s"):
        QuantileTraffic(**QUANTILES).requests(0.001, np.random.default_rng(0))


def test_a_million_requests_are_made_quickly(preset):
    traffic = preset("traffic", "azure_conv_like")
    spent_s = []
    for seed in range(3):
        began_s = time.process_time()
        count = len(traffic.requests(1e6 / 5.53, np.random.default_rng(seed)))
        spent_s.append((time.process_time() - began_s) / count * 1e6)
    # 5 million a CPU-second on a quiet machine; a third of it is still far above what a simulator can take in.
    assert min(spent_s) < 0.6
