"""Figures of traces against plain computations, and against what is published of the real files."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traces.inspection.inspect import inspect
from traces.inspection.lengths import COUNTED, Lengths
from traces.inspection.market import MarketFigures, runs_s
from traces.inspection.requests import RequestFigures
from traces.reading.trace import Reading
from traces.schemas import REQUESTS, SPOT, arrow_schema


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(st.lists(st.integers(0, 4 * COUNTED), max_size=30), min_size=1, max_size=5).filter(any),
    level=st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.99, 1.0]),
)
def test_lengths_have_the_quantiles_of_numpy(parts, level):
    lengths = Lengths()
    for part in parts:
        lengths.add(np.array(part, dtype=np.int64))
    every = np.concatenate([np.array(part, dtype=np.int64) for part in parts])

    assert lengths.quantiles((level,))[0] == pytest.approx(np.quantile(every, level))
    assert lengths.mean == pytest.approx(every.mean())
    assert lengths.log_mean == pytest.approx(np.log(np.maximum(every, 1)).mean(), abs=1e-9)
    assert lengths.log_deviation == pytest.approx(np.log(np.maximum(every, 1)).std(), abs=1e-5)
    edges = np.array([0.0, 10.0, 1e3, 1e6, 1e9])
    assert lengths.histogram(edges).tolist() == np.histogram(every, edges)[0].tolist()


def figures(columns, cuts):
    table = pa.table(columns, schema=arrow_schema(REQUESTS, frozenset(columns)))
    gathered = RequestFigures()
    edges = [0, *sorted({cut % len(table) for cut in cuts} - {0}), len(table)]
    for begin, end in pairwise(edges):
        gathered.add(table.slice(begin, end - begin).combine_chunks().to_batches()[0])
    return gathered


@settings(max_examples=60, deadline=None)
@given(gaps=st.lists(st.floats(0, 900), min_size=2, max_size=80), cuts=st.lists(st.integers(0, 100), max_size=4), seed=st.integers(0, 99))
def test_figures_of_requests_are_those_of_plain_computations_however_they_come(gaps, cuts, seed):
    rng = np.random.default_rng(seed)
    arrival = np.cumsum(gaps)
    inputs, outputs = (rng.integers(1, 5000, len(gaps)) for _ in range(2))
    found = figures({"arrival_s": arrival, "input_tokens": inputs, "output_tokens": outputs}, cuts).document()
    between = np.diff(arrival)

    assert found["span_s"] == pytest.approx(arrival[-1] - arrival[0])
    if between.sum() > 0:
        assert found["rate_rps"] == pytest.approx(len(between) / between.sum())
        if len(between) > 1:
            assert found["gap_cv"] == pytest.approx(between.std() / between.mean(), abs=1e-6)
    assert found["input_tokens"]["p90"] == pytest.approx(np.percentile(inputs, 90))
    if inputs.std() and outputs.std():
        assert found["input_output_correlation"] == pytest.approx(np.corrcoef(inputs, outputs)[0, 1], abs=1e-6)
    windows = np.split(arrival, np.searchsorted(arrival, np.arange(arrival[0] + 600, arrival[-1] + 1e-9, 600)))[:-1]
    cvs = [np.diff(window).std() / np.diff(window).mean() for window in windows if len(window) > 2 and np.ptp(window) > 0]
    if cvs and found["gap_cv_in_10_min"] is not None:
        assert found["gap_cv_in_10_min"] == pytest.approx(np.mean(cvs), abs=1e-6)


def test_prefixes_sessions_and_labels_are_counted():
    columns = {
        "arrival_s": [0.0, 1.0, 2.0], "input_tokens": [9, 9, 9], "output_tokens": [1, 1, 1], "session_id": ["a", "a", None],
        "prefix_blocks": [[1, 2], [1, 2, 3], [4]], "model": ["x", "y", "x"],
    }  # fmt: skip
    found = figures(columns, [1]).document()

    assert found["prefix"] == {"blocks": 6, "reused_share": pytest.approx(2 / 6)}
    assert found["sessions"] == {"count": 1, "mean_turns": 2.0, "most_turns": 2}
    assert found["models"] == {"x": 2, "y": 1}


def test_rounded_times_are_remarked_on():
    times = np.repeat(np.arange(0.0, 300.0, 3.0), 8)
    gathered = figures({"arrival_s": times, "input_tokens": [1] * len(times), "output_tokens": [1] * len(times)}, [])
    assert "spread_s=3 spreads them" in gathered.remarks()[0]


def market(rows):
    columns = dict(zip(("zone", "instance_type", "time_s", "capacity", "price_usd_per_h"), map(list, zip(*rows, strict=True)), strict=True))
    gathered = MarketFigures()
    gathered.add(pa.record_batch(list(map(pa.array, columns.values())), names=list(columns)).cast(arrow_schema(SPOT, frozenset())))
    return gathered


def test_figures_of_a_zone():
    rows = [("z", "", 0.0, 2, 1.0), ("z", "", 100.0, 0, 1.0), ("z", "", 150.0, 1, 3.0), ("z", "", 350.0, 0, 3.0), ("z", "", 390.0, 4, 3.0)]
    zone = market(rows).document({"span_s": 400.0})["zones"]["z"]

    assert zone["availability"] == pytest.approx(310 / 400)
    assert zone["mean_capacity"] == pytest.approx((200 + 200 + 40) / 400)
    assert (zone["mean_up_s"], zone["mean_down_s"]) == (200, pytest.approx(45))
    assert zone["losses_per_day"] == pytest.approx(2 / 400 * 86_400)
    assert zone["price_usd_per_h"] == {"lowest": 1, "mean": pytest.approx((150 + 750) / 400), "highest": 3, "changes": 1}


def test_runs_at_the_borders_are_left_out():
    up, down = runs_s(np.array([0.0, 1.0, 3.0, 7.0]), np.array([True, False, True, False]), 20.0)
    assert (up.tolist(), down.tolist()) == ([4.0], [2.0])


def test_the_real_market_has_the_published_figures(data_folder):
    found = inspect(Reading(data_folder / "skynomad_v100")).document()

    assert found["no_zone_up_share"] == pytest.approx(0.008, abs=0.0005)
    assert found["correlation_within_region"] == pytest.approx(0.43, abs=0.005)
    assert found["correlation_across_regions"] == pytest.approx(0.14, abs=0.005)
    assert len(found["zones"]) == 9
    assert found["problems"] == []


@pytest.mark.parametrize(
    ("file", "rate_rps", "cv", "peak", "correlation"),
    [
        ("azure_llm_2023/AzureLLMInferenceTrace_conv.csv", 5.53, 1.05, 1.54, -0.11),
        ("mooncake/synthetic_trace.jsonl", 3.91, 1.01, 1.23, -0.37),
    ],
)
def test_the_real_traffic_has_the_published_figures(data_folder, file, rate_rps, cv, peak, correlation):
    found = inspect(Reading(data_folder / file)).document()

    assert found["rate_rps"] == pytest.approx(rate_rps, abs=0.01)
    assert found["gap_cv_in_10_min"] == pytest.approx(cv, abs=0.01)
    assert found["peak_minute_ratio"] == pytest.approx(peak, abs=0.07)
    assert found["input_output_correlation"] == pytest.approx(correlation, abs=0.01)


def test_the_real_prefixes_are_reused_as_published(data_folder):
    found = inspect(Reading(data_folder / "mooncake/synthetic_trace.jsonl")).document()
    assert found["prefix"]["reused_share"] == pytest.approx(0.64, abs=0.005)
