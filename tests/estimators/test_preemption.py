"""Lifetimes: what is learned comes to the truth, what is known is the truth."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.contracts import ZoneRecord
from cloudsim.estimators.preemption import KnownLifetime, LearnedLifetime
from traces.tables import ZoneSeries


def test_before_anything_is_seen_the_belief_holds():
    learned = LearnedLifetime(3600.0, 2.0)
    assert learned.left_s(ZoneRecord(0, 0, 0, 0.0)) == pytest.approx(3600)
    assert learned.relative_error(ZoneRecord(0, 0, 0, 0.0)) == pytest.approx(2**-0.5)


def test_the_mean_lifetime_is_learned_from_those_that_still_live_too():
    """Exponential lifetimes, cut off by the end of the observation."""
    lives = np.random.default_rng(0).exponential(5000.0, 4000)
    cut = np.minimum(lives, 3000.0)
    record = ZoneRecord(4000, 0, int((lives < 3000).sum()), float(cut.sum()))
    learned = LearnedLifetime(100.0, 1.0)
    assert learned.left_s(record) == pytest.approx(5000, rel=4 * learned.relative_error(record))
    assert learned.relative_error(record) < 0.03


def test_the_stated_error_is_that_of_the_rate():
    learned, rng = LearnedLifetime(1.0, 1e-9), np.random.default_rng(1)
    rates = [learned.rate_per_s(ZoneRecord(25, 0, 25, float(rng.exponential(100.0, 25).sum()))) for _ in range(2000)]
    assert np.std(rates) / np.mean(rates) == pytest.approx(learned.relative_error(ZoneRecord(25, 0, 25, 0.0)), rel=0.1)


@given(st.integers(0, 50), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_longer_life_without_a_loss_is_better_and_a_loss_is_worse(losses, held_s, more_s):
    learned = LearnedLifetime(3600.0, 1.0)
    now = learned.left_s(ZoneRecord(0, 0, losses, held_s))
    assert learned.left_s(ZoneRecord(0, 0, losses, held_s + more_s)) >= now
    assert learned.left_s(ZoneRecord(0, 0, losses + 1, held_s)) < now


def test_what_is_known_is_when_the_capacity_falls_below_what_is_held():
    series = ZoneSeries("z", "r", np.array([0.0, 10.0, 20.0]), np.array([2, 3, 1]), np.ones(3))
    known = KnownLifetime({"z": series})
    assert [known.left_s("z", 5.0, held) for held in (1, 2, 3)] == [inf, 15.0, 0.0]
    assert known.left_s("z", 10.0, 3) == 10.0


@pytest.mark.parametrize(("prior_s", "weight"), [(0, 1), (1, 0), (float("nan"), 1)])
def test_impossible_beliefs_are_refused(prior_s, weight):
    with pytest.raises(ValueError, match="must be above 0"):
        LearnedLifetime(prior_s, weight)
