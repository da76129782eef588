import numpy as np
import pytest

from cloudsim.errors import ModelError
from cloudsim.l2a.evaluation.risk import lowest_safe_budget
from cloudsim.l2a.evaluation.statistics import paired_difference, trend, wilson


def test_wilson_of_a_known_case():
    # Newcombe (1998), 81 of 263.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 10)[0] == 0
    assert wilson(10, 10)[1] == 1


def test_a_paired_interval_covers_as_often_as_it_says():
    random, covered = np.random.default_rng(0), 0
    for _ in range(600):
        draws = random.random(400)
        ours, theirs = draws < 0.9, (draws > 0.05) & (draws < 0.97)
        difference, low, high = paired_difference(ours, theirs)
        covered += low <= 0.90 - 0.92 <= high
        assert low <= difference <= high
    assert 0.93 <= covered / 600 <= 0.985


def test_no_difference_still_has_a_width():
    same = np.ones(100, dtype=bool)
    difference, low, high = paired_difference(same, same)
    assert difference == 0
    assert low < 0 < high


def test_a_trend_needs_something_that_changes():
    assert trend(np.array([1.0, 2.0, 3.0]), np.array([1, 2, 3])) == pytest.approx(1)
    assert trend(np.array([1.0, 1.0]), np.array([1, 2])) is None


def test_the_safe_budget_is_the_last_before_the_first_that_fails():
    dense = np.ones(1000, dtype=bool)

    def losing(count):
        right = dense.copy()
        right[:count] = False
        return right

    right = {0.9: losing(2), 0.8: losing(8), 0.7: losing(40), 0.6: losing(1)}
    assert lowest_safe_budget(right, dense, epsilon=0.02, delta=0.05) == 0.8
    assert lowest_safe_budget({0.9: losing(30)}, dense, epsilon=0.02, delta=0.05) is None


def test_the_guarantee_holds_as_often_as_it_says():
    random, wrong = np.random.default_rng(1), 0
    dense, losses = np.ones(500, dtype=bool), {0.9: 0.01, 0.8: 0.03, 0.7: 0.0505}
    for _ in range(400):
        right = {budget: random.random(500) >= loss for budget, loss in losses.items()}
        safe = lowest_safe_budget(right, dense, epsilon=0.05, delta=0.1)
        wrong += safe == 0.7
    assert wrong / 400 <= 0.13


def test_impossible_risks_are_refused_together():
    with pytest.raises(ModelError) as error:
        lowest_safe_budget({0.5: np.ones(3, dtype=bool)}, np.ones(4, dtype=bool), epsilon=0, delta=1)
    assert len(error.value.problems) == 3
