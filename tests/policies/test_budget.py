"""What each budget policy promises."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.contracts import DenseLatency
from policies.budget.fixed import Fixed
from policies.budget.full import Full
from policies.budget.l2a_calibrated import L2ACalibrated
from tests.policies.views import Fleet, Replica, Request

CALIBRATED = {"floor": 0.5, "kv_reserve": 0.2, "queue_tokens": 8192, "headroom": 0.8}


def calibrated(request=None, now_s=0.0, output_tokens_mean=200.0, options=None, **replica):
    policy = L2ACalibrated(**CALIBRATED | (options or {}))
    return policy.budget(request or Request(), Replica(**replica), Fleet(now_s=now_s, output_tokens_mean=output_tokens_mean))


def falls(values):
    return all(high >= low for high, low in pairwise(values)) and values[0] > values[-1]


def test_full_is_always_one():
    assert Full().budget(Request(tier=2), Replica(queued_tokens=10**6, free=0.0), Fleet()) == 1.0


@pytest.mark.parametrize("budget", [0.01, 0.7, 1, 1.0])
def test_fixed_is_what_it_was_given(budget):
    given = Fixed(budget).budget(Request(), Replica(queued_tokens=10**6), Fleet())
    assert given == budget
    assert isinstance(given, float)


@pytest.mark.parametrize("budget", [0, -0.1, 1.1, float("nan")])
def test_fixed_refuses_what_is_no_budget(budget):
    with pytest.raises(ValueError, match="budget is"):
        Fixed(budget)


def test_calibrated_gives_the_full_model_where_nothing_is_short():
    assert calibrated() == 1.0


def test_calibrated_falls_with_the_queue_and_ends_at_the_floor():
    budgets = [calibrated(queued_tokens=tokens) for tokens in (0, 1000, 4096, 8000, 8192, 10**9)]
    assert falls(budgets)
    assert budgets[0] == 1.0
    assert budgets[2] == pytest.approx(0.75)  # half the way
    assert budgets[-2:] == [0.5, 0.5]


def test_calibrated_falls_with_the_free_memory():
    budgets = [calibrated(free=free) for free in (1.0, 0.2, 0.16, 0.12, 0.0)]
    assert falls(budgets)
    assert budgets == pytest.approx([1.0, 1.0, 0.8, 0.6, 0.5])


def test_calibrated_falls_as_time_runs_out():
    budgets = [calibrated(now_s=now_s, first_s=1.0) for now_s in (0.0, 0.6, 0.8, 0.95, 1.2, 100.0)]
    assert falls(budgets)
    # standard tier: 80 % of 2 s to the first token, of which 0.8 s are over; the full model needs 1 s
    assert budgets[2] == pytest.approx(0.8)
    assert budgets[-1] == 0.5


@pytest.mark.parametrize(
    ("slow", "expected"),
    [
        ({"first_s": 2.0}, 1.6 / 2.0),  # first token: 80 % of 2 s
        ({"token_s": 0.05}, 0.8),  # each further token: 80 % of 0.05 s
        ({"output_tokens_mean": 1500.0, "token_s": 0.02}, 24.0 / 30.1),  # end to end: 80 % of 30 s over 0.1 s + 1500 tokens
    ],
)
def test_calibrated_keeps_the_strictest_target(slow, expected):
    assert calibrated(**slow) == pytest.approx(expected)


def test_calibrated_gives_a_laxer_tier_more():
    budgets = [calibrated(Request(tier=tier), token_s=0.045) for tier in (2, 1, 0)]
    assert falls(budgets)
    assert budgets[0] == 1.0
    assert budgets[2] == pytest.approx(0.8 * 0.03 / 0.045)


def test_calibrated_asks_no_first_token_of_a_request_that_has_had_it():
    assert calibrated(Request(generated_tokens=5), first_s=2.0) == 1.0
    assert calibrated(Request(generated_tokens=0), first_s=2.0) < 1.0


@given(
    st.integers(0, 20_000), st.floats(0, 1), st.floats(0, 80), st.integers(0, 2), st.floats(1e-4, 50), st.floats(1e-5, 0.5), st.booleans()
)
def test_calibrated_stays_between_floor_and_one(queued, free, now_s, tier, first_s, token_s, started):
    request = Request(tier=tier, generated_tokens=7 if started else 0)
    budget = calibrated(request, now_s=now_s, queued_tokens=queued, free=free, first_s=first_s, token_s=token_s)
    assert 0.5 <= budget <= 1.0
    worse = calibrated(request, now_s=now_s + 1, queued_tokens=queued + 50, free=free * 0.9, first_s=first_s * 1.1, token_s=token_s * 1.1)
    assert worse <= budget


def test_each_constant_of_calibrated_acts():
    assert calibrated(options={"floor": 0.7}, queued_tokens=10**6) == 0.7
    assert calibrated(options={"kv_reserve": 0.4}, free=0.3) == pytest.approx(0.75)
    assert calibrated(options={"queue_tokens": 4096}, queued_tokens=2048) == pytest.approx(0.75)
    assert calibrated(options={"headroom": 0.5}, first_s=1.5) == pytest.approx(1.0 / 1.5)


@pytest.mark.parametrize("options", [{"floor": 0}, {"floor": 1.2}, {"kv_reserve": 0}, {"queue_tokens": 0}, {"headroom": -1}])
def test_calibrated_refuses_impossible_constants(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        L2ACalibrated(**CALIBRATED | options)


def test_b_time_is_the_share_of_the_dense_latency_that_is_left_clipped():
    dense = DenseLatency(first_s=0.5, token_s=0.01)
    assert dense.total_s(150) == 2.0
    assert [dense.b_time(left_s, 150) for left_s in (-1.0, 0.0, 0.5, 2.0, 9.0)] == [0.0, 0.0, 0.25, 1.0, 1.0]
