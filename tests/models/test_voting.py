"""Votes among samples, against drawing them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.models.voting import WAYS, agreement, voted

QUANTILES = (np.arange(400) + 0.5) / 400


@pytest.mark.parametrize("samples", [2, 3, 4, 7])
@pytest.mark.parametrize("chance", [0.2, 0.5, 0.85])
def test_votes_and_agreement_are_those_of_samples_that_are_drawn(samples, chance):
    rng = np.random.default_rng(0)
    said = np.where(rng.random((40_000, samples)) < chance, 0, rng.integers(1, WAYS + 1, (40_000, samples)))
    counts = np.stack([(said == kind).sum(axis=1) for kind in range(WAYS + 1)], axis=1)
    most = counts.max(axis=1)
    foremost = counts == most[:, None]
    right = rng.random(len(said)) * foremost.sum(axis=1) < foremost[:, 0]
    assert voted(np.array([chance]), samples)[0] == pytest.approx(right.mean(), abs=0.01)
    for which in (True, False):
        expected = (most[right == which] / samples).mean()
        assert np.mean([agreement(chance, samples, which, one) for one in QUANTILES]) == pytest.approx(expected, abs=0.012)


def test_one_sample_is_itself_and_two_are_no_better():
    chance = np.linspace(0, 1, 11)
    assert voted(chance, 1) is chance
    assert voted(chance, 2) == pytest.approx(chance)
    assert agreement(0.4, 1, True, 0.3) == 1.0


@given(st.floats(0.3, 1), st.integers(1, 20))
def test_more_samples_help_where_right_is_the_likeliest_answer(chance, samples):
    few, many = (voted(np.array([chance]), count)[0] for count in (samples, samples + 2))
    assert few <= many + 1e-9 <= 1 + 2e-9


@given(st.floats(0, 1), st.integers(1, 16), st.booleans(), st.floats(0, 1, exclude_max=True))
def test_agreement_is_a_share_of_the_samples_that_rises_with_the_signal(chance, samples, right, signal):
    low, high = agreement(chance, samples, right, signal / 2), agreement(chance, samples, right, signal)
    assert 1 / samples <= low <= high <= 1
