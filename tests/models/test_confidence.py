"""Confidences have the AUROC they say, and mean what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.models.confidence import confidence, separation, signal_of

SIGNALS = (np.arange(4000) + 0.5) / 4000


def confidences(auroc, share=0.6):
    separated = separation(auroc)
    return [np.array([confidence(right, share, signal, separated) for signal in SIGNALS]) for right in (False, True)]


@pytest.mark.parametrize("auroc", [0.5, 0.6, 0.8, 0.95, 1.0])
def test_a_right_answer_has_more_confidence_than_a_wrong_one_with_the_stated_probability(auroc):
    wrong, right = confidences(auroc)
    below = np.searchsorted(np.sort(wrong), right, side="left") / len(wrong)
    up_to = np.searchsorted(np.sort(wrong), right, side="right") / len(wrong)
    assert ((below + up_to) / 2).mean() == pytest.approx(auroc, abs=2e-3)


def test_no_knowledge_is_the_share_of_right_answers_and_an_oracle_knows():
    assert {*confidences(0.5, 0.7)[0], *confidences(0.5, 0.7)[1]} == {0.7}
    wrong, right = confidences(1.0)
    assert set(wrong) == {0.0}
    assert set(right) == {1.0}


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_of_answers_with_a_confidence_that_share_is_right(share):
    wrong, right = confidences(0.8, share)
    for low in np.arange(0.0, 1.0, 0.1):
        mass_right = share * ((right >= low) & (right < low + 0.1)).mean()
        mass_wrong = (1 - share) * ((wrong >= low) & (wrong < low + 0.1)).mean()
        if mass_right + mass_wrong > 0.01:
            assert low - 0.01 <= mass_right / (mass_right + mass_wrong) <= low + 0.11


@given(st.booleans(), st.floats(0, 1), st.floats(0, 1, exclude_max=True), st.floats(0.5, 1))
def test_confidence_stays_in_its_range_and_rises_with_the_signal(right, share, signal, auroc):
    separated = separation(auroc)
    found = [confidence(right, share, one, separated) for one in (signal / 2, signal)]
    assert 0.0 <= found[0] <= found[1] <= 1.0


def test_the_signals_of_later_answers_are_spread_over_the_range():
    found = sorted(signal_of(0.37, attempt) for attempt in range(8))
    assert signal_of(0.37, 0) == 0.37
    assert max(np.diff(found)) < 0.25
