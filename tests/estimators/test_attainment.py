"""The windowed SLA attainment, and its error."""

from math import isnan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.estimators.attainment import Attainment, AttainmentEstimate

ENDED = st.lists(st.tuples(st.floats(0, 10), st.integers(0, 3), st.booleans()), max_size=60)


@given(gaps=ENDED, window_s=st.floats(0.1, 50), later_s=st.floats(0, 60))
def test_it_counts_what_ended_in_the_window(gaps, window_s, later_s):
    attainment, now_s, ended = Attainment(window_s), 0.0, []
    for gap_s, tier, met in gaps:
        now_s += gap_s
        attainment.note(now_s, tier, met)
        ended.append((now_s, tier, met))
        if tier == 0:  # looking in between changes nothing
            attainment.estimate(now_s)
    now_s += later_s
    inside = [(tier, met) for at_s, tier, met in ended if at_s > now_s - window_s]
    assert attainment.estimate(now_s) == (sum(met for _, met in inside), len(inside))
    for tier in range(5):
        mine = [met for other, met in inside if other == tier]
        assert attainment.estimate(now_s, tier) == (sum(mine), len(mine))


def test_the_error_is_that_of_a_binomial_share_and_never_0():
    assert AttainmentEstimate(900, 1000).error == pytest.approx(sqrt(0.9 * 0.1 / 1000), rel=0.02)
    assert AttainmentEstimate(100, 100).error > 0
    assert AttainmentEstimate(0, 0).error == pytest.approx(sqrt(0.25 / 4))
    assert isnan(AttainmentEstimate(0, 0).share)


def test_it_refuses_no_window():
    with pytest.raises(ValueError, match="window_s is 0"):
        Attainment(0)
