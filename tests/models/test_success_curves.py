"""How often a model is right with less than all its reasoning."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.models.elastic import Level
from cloudsim.models.quality import difficulties
from cloudsim.models.success_curves import SuccessCurves, saturating

LEVELS = [Level(0, 1.0, 36, 288, 1.0, 1.0, 1.0, 1.0), Level(1, 0.5, 20, 160, 0.55, 1.0, 0.8, 0.9)]
CURVES = SuccessCurves(0.85, LEVELS, 1.0, 1.0, 4.0)


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.37, 0.6, 0.79])
def test_the_mean_over_the_workload_is_what_the_curve_leaves_of_the_score(level, share):
    kept = saturating(np.array([share / LEVELS[level].tokens]), 4.0)[0]
    assert CURVES.share(level, share, 1) == pytest.approx(0.85 * LEVELS[level].quality * kept, abs=1e-4)
    nodes = difficulties(1.0, 1.0)
    many = [np.full(len(nodes), value, kind) for value, kind in ((level, int), (share, np.float32), (1, int))]
    assert CURVES.chance(*many, nodes).mean() == pytest.approx(CURVES.share(level, share, 1))


@pytest.mark.parametrize("level", [0, 1])
def test_a_levels_own_share_costs_nothing_and_more_brings_nothing(level):
    own = LEVELS[level].tokens
    expected = 0.85 * LEVELS[level].quality
    assert [CURVES.share(level, share, 1) for share in (own, 1.0, np.inf)] == pytest.approx([expected] * 3, abs=1e-9)


@given(st.floats(0.001, 1), st.floats(0.001, 1), st.integers(0, 1), st.floats(0, 1))
def test_more_reasoning_never_hurts(low, high, level, difficulty):
    low, high = sorted((low, high))
    columns = np.array([level, level]), np.array([low, high], np.float32), np.array([1, 1]), np.array([difficulty, difficulty])
    less, more = CURVES.chance(*columns)
    assert less <= more


def test_the_curve_saturates_the_sooner_the_larger_its_constant():
    assert [saturating(np.array([0.0, 1.0]), k).tolist() for k in (0.5, 4.0)] == [[0.0, 1.0]] * 2
    half = [saturating(np.array([0.5]), k)[0] for k in (0.01, 1.0, 4.0, 12.0)]
    assert half == sorted(half)
    assert half[0] == pytest.approx(0.5, abs=0.01)
    assert half[-1] > 0.99
