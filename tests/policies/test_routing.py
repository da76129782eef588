"""What each routing policy promises."""

from collections import Counter

import pytest

from policies.routing.least_outstanding import LeastOutstanding
from policies.routing.model_by_difficulty import ModelByDifficulty
from policies.routing.round_robin import RoundRobin
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
