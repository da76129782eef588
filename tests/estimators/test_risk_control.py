"""Learn then Test keeps its promise."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from cloudsim.estimators.level_trials import LevelTrials
from cloudsim.estimators.risk_control import hoeffding_bentkus, leanest_safe


@pytest.mark.parametrize(("count", "alpha"), [(10, 0.3), (50, 0.1), (400, 0.05), (400, 0.5)])
def test_the_p_value_is_one_where_the_loss_is_alpha(count, alpha):
    """Superuniform: under the edge of the hypothesis it falls below u with a chance of at most u."""
    chance = binom.pmf(np.arange(count + 1), count, alpha)
    values = np.array([hoeffding_bentkus(wrong / count, count, alpha) for wrong in range(count + 1)])
    for level in (0.01, 0.05, 0.1, 0.3, 0.7):
        assert chance[values <= level].sum() <= level + 1e-12


@given(count=st.integers(1, 500), wrong=st.integers(0, 500), alpha=st.floats(0.01, 0.99))
def test_the_p_value_grows_with_the_loss_and_falls_with_the_tolerance(count, wrong, alpha):
    wrong = min(wrong, count)
    value = hoeffding_bentkus(wrong / count, count, alpha)
    assert 0 <= value <= 1
    assert hoeffding_bentkus(min(1.0, (wrong + 1) / count), count, alpha) >= value - 1e-12
    assert hoeffding_bentkus(wrong / count, count, min(1.0, alpha + 0.05)) <= value + 1e-12


def test_its_edges():
    assert hoeffding_bentkus(0.5, 0, 0.1) == 1.0
    assert hoeffding_bentkus(0.0, 10, 0.0) == 1.0
    assert hoeffding_bentkus(1.0, 10, 1.0) == 0.0


def test_an_unsafe_level_is_taken_no_more_often_than_delta():
    """The second level loses exactly alpha: whenever it is taken, the promise is broken."""
    rng, full, alpha, delta, count = np.random.default_rng(0), 0.15, 0.06, 0.2, 300
    wrong = rng.binomial(count, [full, full + alpha], size=(1500, 2))
    taken = sum(leanest_safe([(count - a, a), (count - b, b)], alpha, delta) == 1 for a, b in wrong.tolist())
    assert 0 < taken / 1500 <= delta


def test_a_harmless_level_is_taken_with_enough_outcomes():
    assert leanest_safe([(850, 150), (845, 155), (840, 160)], 0.1, 0.1) == 2
    assert leanest_safe([(85, 15), (84, 16), (84, 16)], 0.1, 0.1) == 0


def test_the_sequence_ends_at_the_first_level_that_fails():
    assert leanest_safe([(900, 100), (900, 100), (500, 500), (900, 100)], 0.1, 0.1) == 1
    assert leanest_safe([(900, 100), (0, 0), (900, 100)], 0.1, 0.1) == 0
    assert leanest_safe([(900, 0)], 0.1, 0.1) == 0


def test_what_may_be_lost_and_the_risk_both_make_leaner_levels_safe():
    outcomes = [(900, 100), (890, 110), (860, 140), (830, 170), (700, 300)]
    by_alpha = [leanest_safe(outcomes, alpha, 0.1) for alpha in (0.01, 0.06, 0.1, 0.15, 0.3)]
    assert all(low <= high for low, high in pairwise(by_alpha))
    assert by_alpha[0] == 0
    assert by_alpha[-1] == 4
    by_delta = [leanest_safe(outcomes, 0.08, delta) for delta in (1e-6, 0.01, 0.1, 0.9)]
    assert all(low <= high for low, high in pairwise(by_delta))
    assert by_delta[0] < by_delta[-1]


@given(levels=st.integers(1, 5), outcomes=st.integers(1, 8), told=st.lists(st.sampled_from([True, False, None]), max_size=200))
def test_trials_end_with_as_many_outcomes_of_each_level_as_were_wanted(levels, outcomes, told):
    trials, rights = LevelTrials(levels, outcomes), []
    while (level := trials.next()) is not None:
        right = told.pop() if told else True
        trials.note(level, right)
        rights += [right] if right is not None else []
    assert trials.complete
    assert [sum(counts) for counts in trials.counts] == [outcomes] * levels
    assert sum(counts[0] for counts in trials.counts) == sum(rights)


def test_trials_under_way_are_counted():
    trials = LevelTrials(2, 1)
    assert [trials.next() for _ in range(3)] == [0, 1, None]
    assert not trials.complete
    trials.note(1, None)
    assert [trials.next(), trials.next()] == [1, None]
