"""What each routing policy promises."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.routing.least_outstanding import LeastOutstanding
from policies.routing.model_by_difficulty import ModelByDifficulty
from policies.routing.round_robin import RoundRobin
from policies.routing.tier_bands import TierBands
from tests.policies.views import Request, fleet

SETTINGS = {"thresholds": [0.5, 0.25, 0.0], "tier_bonus": [0.2, 0.0, -0.2], "busy": [4, 6, 8]}


def test_round_robin_takes_turns_whatever_the_load():
    policy, replicas = RoundRobin(), fleet(9, 0, 5)
    chosen = [policy.route(Request(index), replicas).index for index in range(9)]
    assert Counter(chosen) == {0: 3, 1: 3, 2: 3}
    assert chosen[:3] == chosen[3:6] == chosen[6:]


def test_round_robin_copes_with_a_fleet_that_shrinks():
    policy = RoundRobin()
    for size in (5, 1, 3, 2):
        assert policy.route(Request(), fleet(*[0] * size)).index < size


def test_least_outstanding_takes_the_least_busy_and_the_oldest_of_equals():
    policy = LeastOutstanding()
    assert policy.route(Request(), fleet(3, 1, 2)).index == 1
    assert policy.route(Request(), fleet(2, 1, 1)).index == 1


def chosen_pool(difficulty, tier=1, large=(0,), middle=(0,), small=(0,)):
    replicas = fleet(large=large, middle=middle, small=small)
    return ModelByDifficulty(**SETTINGS).route(Request(difficulty_seen=difficulty, tier=tier), replicas).pool


@pytest.mark.parametrize(
    ("difficulty", "pool"), [(0.9, "large"), (0.5, "large"), (0.49, "middle"), (0.25, "middle"), (0.2, "small"), (0.0, "small")]
)
def test_hard_questions_go_to_large_models(difficulty, pool):
    assert chosen_pool(difficulty) == pool


def test_tiers_are_favoured_and_disfavoured():
    assert [chosen_pool(0.4, tier) for tier in (0, 1, 2)] == ["large", "middle", "small"]
    assert chosen_pool(0.4, tier=7) == "small"  # the last bonus stands for any further tier
    assert chosen_pool(0.1, tier=2) == "small"  # below every threshold


def test_a_busy_pool_is_passed_over_downwards_then_upwards():
    assert chosen_pool(0.9, large=(4,)) == "middle"
    assert chosen_pool(0.9, large=(4,), middle=(6,)) == "small"
    assert chosen_pool(0.3, middle=(6,), small=(8,)) == "large"
    assert chosen_pool(0.9, large=(4, 3)) == "large"


def test_where_all_are_busy_the_least_busy_replica_serves():
    policy = ModelByDifficulty(**SETTINGS)
    assert policy.route(Request(difficulty_seen=0.9), fleet(large=(9, 8), middle=(7,), small=(30,))).pool == "middle"


def test_a_pool_without_replicas_is_passed_over():
    assert chosen_pool(0.9, large=()) == "middle"
    assert chosen_pool(0.1, middle=(), small=()) == "large"


@pytest.mark.parametrize(
    "wrong",
    [
        {"thresholds": []},
        {"thresholds": [0.5, 0.25, 0.1]},
        {"thresholds": [0.25, 0.5, 0.0]},
        {"tier_bonus": []},
        {"busy": [4, 6]},
        {"busy": [4, 6, 0]},
    ],
)
def test_model_by_difficulty_refuses_impossible_settings(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ModelByDifficulty(**SETTINGS | wrong)


def bands(replicas, weights=(1.0,), slack=1.0, slack_requests=1000):
    """Which replicas each tier may take: the one asked for is the only idle one of its band."""
    policy = TierBands(weights, slack, slack_requests)
    return [
        {
            index
            for index in range(replicas)
            if policy.route(Request(tier=tier), fleet(*[int(other != index) for other in range(replicas)])).index == index
        }
        for tier in range(3)
    ]


def test_each_tier_has_replicas_by_its_share():
    assert bands(10) == [{0, 1}, {2, 3, 4, 5, 6}, {7, 8, 9}]
    # A border inside a replica: it serves both sides.
    assert bands(5) == [{0}, {1, 2, 3}, {3, 4}]
    assert bands(1) == [{0}, {0}, {0}]


def test_weights_make_bands_wider_and_the_last_one_stands_for_further_tiers():
    assert bands(10, (4.0, 1.0)) == [{0, 1, 2, 3, 4}, {5, 6, 7, 8}, {8, 9}]
    assert bands(12, (1.0, 1.0, 1 / 3)) == [{0, 1, 2}, {3, 4, 5, 6, 7, 8, 9, 10}, {10, 11}]


@given(replicas=st.integers(1, 40), weights=st.lists(st.floats(1e-12, 1e12), min_size=1, max_size=4))
def test_the_bands_cover_the_row_in_order_and_none_is_empty(replicas, weights):
    found = bands(replicas, weights)
    assert set().union(*found) == set(range(replicas))
    assert all(found)
    assert all(max(stricter) <= min(laxer) for stricter, laxer in pairwise(found))


def test_the_least_outstanding_of_the_band_serves_unless_the_band_is_far_busier_than_another():
    policy = TierBands([1.0], slack=2.0, slack_requests=3)
    row = [9, 8, 4, 5, 4, 7, 4, 4, 3, 4]
    assert policy.route(Request(tier=0), fleet(*row)).index == 1  # 8 ≤ 2 · 3 + 3
    assert policy.route(Request(tier=1), fleet(*row)).index == 2
    row[1] = 10
    assert policy.route(Request(tier=0), fleet(*row)).index == 0
    row[0] = 10
    assert policy.route(Request(tier=0), fleet(*row)).index == 8


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"weights": []}, "weights"), ({"weights": [1, 0]}, "weights"), ({"slack": 0.9}, "slack"), ({"slack_requests": -1}, "slack_requests")],
)
def test_tier_bands_refuse_impossible_settings(wrong, told):
    with pytest.raises(ValueError, match=told):
        TierBands(**{"weights": [1.0], "slack": 2.0, "slack_requests": 4} | wrong)
