"""The statistics of the league against hand-worked numbers and against scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cloudsim.league.significance import holm, paired_p


def test_a_paired_p_value_by_hand():
    """Differences 1, 2, 3: mean 2, standard deviation 1, t = 2·√3 = 3.4641 with two degrees of freedom; 1 − t/√(t² + 2) = .0742."""
    assert paired_p([1.0, 2.0, 3.0]) == pytest.approx(1 - 12**0.5 / 14**0.5)
    assert paired_p([-1.0, -2.0, -3.0]) == paired_p([1.0, 2.0, 3.0])


def test_a_paired_p_value_where_nothing_varies():
    assert paired_p([0.0, 0.0, 0.0]) == 1.0
    assert paired_p([0.5, 0.5]) == 0.0
    assert paired_p([1.0]) is None


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=2, max_size=12))
def test_it_is_the_t_test_of_scipy(pairs):
    one, other = np.array(pairs).T
    differences = one - other
    if differences.std(ddof=1) > 1e-6:
        assert paired_p(differences.tolist()) == pytest.approx(stats.ttest_rel(one, other).pvalue, rel=1e-6, abs=1e-12)


def test_holm_by_hand():
    """Of .01, .04, .03, .005 in order: .005 × 4 = .02, .01 × 3 = .03, .03 × 2 = .06, .04 × 1 = .04 but not below .06."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_keeps_the_order_and_lies_between_none_and_bonferroni(p_values):
    adjusted = holm(p_values)
    for p, found in zip(p_values, adjusted, strict=True):
        assert p <= found <= min(1.0, len(p_values) * p) + 1e-12
    by_p = [found for _, found in sorted(zip(p_values, adjusted, strict=True))]
    assert by_p == sorted(by_p)
