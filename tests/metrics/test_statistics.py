import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cloudsim.metrics.statistics import interval, summarise

numbers = st.floats(-1e6, 1e6)


@given(st.lists(numbers, min_size=2, max_size=20))
def test_the_interval_is_that_of_students_t(values):
    mean, (low, high) = interval(values)
    assert mean == pytest.approx(np.mean(values))
    if np.std(values) > 1e-9:
        expected = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
        assert (low, high) == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_the_interval_holds_the_true_mean_in_95_of_100_experiments():
    rng = np.random.default_rng(7)
    hits = 0
    for sample in rng.normal(3, 2, (4000, 5)):
        _, (low, high) = interval(sample)
        hits += low <= 3 <= high
    assert hits / 4000 == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 4000))


def test_one_seed_has_no_interval():
    assert interval([2.5]) == (2.5, None)
    entry = summarise({"a": [{"x": 2.5}], "b": [{"x": 3.0}]})["contenders"]["b"]["x"]
    assert entry == {"mean": 3, "ci95": None, "seeds": [3], "difference": {"mean": 0.5, "ci95": None}}


@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=10))
def test_differences_are_paired_by_seed(pairs):
    summary = summarise({"first": [{"x": a} for a, _ in pairs], "second": [{"x": b} for _, b in pairs]})
    assert summary["reference"] == "first"
    assert summary["contenders"]["first"]["x"]["difference"] is None
    found = summary["contenders"]["second"]["x"]["difference"]
    differences = [b - a for a, b in pairs]
    mean, limits = interval(differences)
    assert found["mean"] == pytest.approx(mean)
    assert found["ci95"] == pytest.approx(list(limits))
    paired = stats.ttest_rel([b for _, b in pairs], [a for a, _ in pairs]) if np.std(differences) > 1e-6 else None
    if paired is not None:
        expected = paired.confidence_interval(0.95)
        assert found["ci95"] == pytest.approx([expected.low, expected.high], rel=1e-6, abs=1e-6)


def test_what_is_not_a_number_is_null_and_the_document_is_strict_json():
    summary = summarise({"a": [{"x": float("nan"), "y": 1.0}, {"x": 2.0, "y": 1.0}], "b": [{"x": 2.0, "y": 2.0}, {"x": 2.0, "y": 3.5}]})
    assert summary["contenders"]["a"]["x"] == {"mean": None, "ci95": None, "seeds": [None, 2], "difference": None}
    assert summary["contenders"]["b"]["x"]["difference"] == {"mean": None, "ci95": None}
    assert summary["contenders"]["b"]["y"]["difference"]["mean"] == 1.75
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
