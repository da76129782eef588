"""Budgets by rule: what each promises."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.budget.budget_grouped import BudgetGrouped
from policies.budget.by_tier import ByTier
from policies.budget.clairvoyant import Clairvoyant
from policies.budget.fixed import Fixed
from policies.budget.model_predictive import ModelPredictive
from policies.budget.queue_threshold import QueueThreshold
from tests.policies.views import PROFILE, Fleet, Replica, Request

BUDGETS = [level.budget for level in PROFILE.levels]  # 1, 0.9, 0.8, 0.67


def test_each_tier_has_its_budget_and_the_last_one_stands_for_further_tiers():
    policy = ByTier([1, 0.8, 0.67])
    assert [policy.budget(Request(tier=tier), Replica(queued_tokens=10**6), Fleet()) for tier in range(5)] == [1.0, 0.8, 0.67, 0.67, 0.67]


def stepped(queues, release=0.5, index=0, policy=None):
    policy = policy or QueueThreshold([1000, 4000], [1.0, 0.8, 0.67], release)
    return [policy.budget(Request(), Replica(index, queued_tokens=queued), Fleet()) for queued in queues]


def test_the_queue_takes_the_budget_down_in_steps_and_back_with_hysteresis():
    assert stepped([0, 1000, 1001, 4000, 4001, 9999]) == [1.0, 1.0, 0.8, 0.8, 0.67, 0.67]
    assert stepped([4001, 2000, 1999, 500, 499]) == [0.67, 0.67, 0.8, 0.8, 1.0]
    assert stepped([9999, 0, 9999]) == [0.67, 1.0, 0.67]  # several steps at once
    assert stepped([1001, 900, 1001, 900]) == [0.8] * 4
    assert stepped([1001, 900, 1001, 900], release=1.0) == [0.8, 1.0, 0.8, 1.0]


def test_each_replica_has_a_step_of_its_own():
    policy = QueueThreshold([1000], [1.0, 0.5], 0.5)
    assert stepped([2000], policy=policy) == [0.5]
    assert stepped([700], index=1, policy=policy) == [1.0]
    assert stepped([700], policy=policy) == [0.5]


@given(queues=st.lists(st.integers(0, 10_000), min_size=1, max_size=40), release=st.floats(0.01, 1))
def test_a_budget_lies_between_what_the_thresholds_and_their_releases_say(queues, release):
    for queued, budget in zip(queues, stepped(queues, release), strict=True):
        least_steps = (queued > 1000) + (queued > 4000)
        most_steps = (queued >= release * 1000) + (queued >= release * 4000)
        assert budget in (1.0, 0.8, 0.67)[least_steps : most_steps + 1]


def predicted(request=None, policy=None, headroom=1.0, fixed_share=0.0, now_s=0.0, output_tokens_mean=100.0, **replica):
    policy = policy or ModelPredictive(headroom, fixed_share)
    return policy.budget(request or Request(), Replica(**replica), Fleet(now_s=now_s, output_tokens_mean=output_tokens_mean))


@pytest.mark.parametrize("level", PROFILE.levels)
@pytest.mark.parametrize("tight", ["first", "pace", "end"])
def test_model_predictive_takes_the_best_level_that_is_just_in_time(level, tight):
    """The standard tier promises 2 s to the first token, 0.05 s each and 30 s to the end."""
    most = 1 / level.depth
    slow = {
        "first": {"first_s": 2.0 * most, "token_s": 0.01},
        "pace": {"first_s": 0.1, "token_s": 0.05 * most},
        "end": {"first_s": 0.0, "token_s": 0.03 * most, "output_tokens_mean": 1000.0},
    }[tight]
    assert predicted(**slow | {"token_s": slow["token_s"] * 0.9999, "first_s": slow["first_s"] * 0.9999}) == level.budget


def test_model_predictive_counts_what_has_passed_and_what_was_sent():
    assert predicted(first_s=1.0, now_s=1.0) == 1.0
    assert predicted(first_s=1.0, now_s=1.2) == 0.8
    assert predicted(Request(generated_tokens=5), first_s=1.0, now_s=1.2) == 1.0  # nobody waits for its first token any more


def test_model_predictive_is_least_late_where_nothing_is_in_time():
    assert predicted(first_s=50.0) == BUDGETS[-1]
    assert predicted(first_s=50.0, fixed_share=1.0) == 1.0  # where leaner is not faster, nothing is given up


def test_each_constant_of_model_predictive_acts():
    assert predicted(token_s=0.04) == 1.0
    assert predicted(token_s=0.04, headroom=0.75) == 0.9
    assert predicted(token_s=0.055) == 0.9  # 0.885 of the layers: 0.0487 s
    assert predicted(token_s=0.055, fixed_share=0.5) == 0.8  # half of the step saves nothing


@given(first_s=st.floats(0, 10), token_s=st.floats(1e-4, 0.2), slower=st.floats(1, 3), tier=st.integers(0, 2))
def test_model_predictive_gives_no_more_to_a_slower_replica(first_s, token_s, slower, tier):
    policy = ModelPredictive(0.8, 0.1)
    budgets = [predicted(Request(tier=tier), policy, first_s=first_s * by, token_s=token_s * by) for by in (1.0, slower)]
    assert budgets[1] <= budgets[0]


def clairvoyant(right, request=None, fixed_share=0.0, headroom=1.0, **replica):
    policy = Clairvoyant(headroom, fixed_share)
    return policy.budget(request or Request(full_output_tokens=100), Replica(**replica), Fleet(right=right))


def test_clairvoyant_takes_the_leanest_level_that_is_right():
    assert clairvoyant((0, 1, 2, 3)) == 0.67
    assert clairvoyant((0, 1, 2)) == 0.8
    assert clairvoyant((0,)) == 1.0
    assert clairvoyant((0, 3)) == 0.67
    assert clairvoyant(()) == 0.67  # no compute is wasted on what nobody can answer


def test_clairvoyant_does_not_pay_for_a_right_answer_that_comes_too_late():
    assert clairvoyant((0, 1), token_s=0.055) == 0.9
    assert clairvoyant((0,), token_s=0.055) == 0.67
    assert clairvoyant((0,), token_s=0.045) == 1.0
    assert clairvoyant((0,), token_s=0.045, headroom=0.8) == 0.67


def test_clairvoyant_knows_the_length():
    assert clairvoyant((0,), Request(full_output_tokens=700), token_s=0.04) == 1.0
    assert clairvoyant((0,), Request(full_output_tokens=800), token_s=0.04) == 0.67  # 32 s
    assert clairvoyant((0,), Request(full_output_tokens=800, generated_tokens=100), token_s=0.04) == 1.0


def test_clairvoyant_says_that_it_is_an_oracle():
    assert Clairvoyant.oracle == ("length", "answer")


def grouped(budget, deepest=0.0, lift=0.15):
    return BudgetGrouped(Fixed(budget), [1.0, 0.8, 0.67], lift).budget(Request(), Replica(deepest_budget=deepest), Fleet())


def test_grouped_rounds_down_to_a_group():
    assert [grouped(budget) for budget in (1.0, 0.99, 0.8, 0.79, 0.67, 0.1)] == [1.0, 0.8, 0.8, 0.67, 0.67, 0.67]


def test_grouped_joins_a_batch_that_is_a_little_deeper_and_no_other():
    assert grouped(0.7, deepest=0.8) == 0.8
    assert grouped(0.7, deepest=0.9) == 0.67
    assert grouped(0.7, deepest=0.8, lift=0.1) == 0.67
    assert grouped(0.85, deepest=0.67) == 0.8  # never lower
    assert grouped(0.7, deepest=0.8, lift=0) == 0.67


@given(budget=st.floats(0.01, 1), deepest=st.sampled_from([0.0, *BUDGETS]), lift=st.floats(0, 1))
def test_grouped_gives_a_group_or_the_depth_of_the_batch(budget, deepest, lift):
    found = grouped(budget, deepest, lift)
    assert found in (1.0, 0.8, 0.67, deepest)
    assert found >= grouped(budget)
    assert found - grouped(budget) <= lift


def test_grouped_is_what_its_inner_policy_is_besides():
    class Learning(Fixed):
        observes = ("request.tier", "served.met_sla")
        oracle = ("length",)

        def learn(self, served):
            self.told = served

    inner = Learning(0.5)
    policy = BudgetGrouped(inner, [1.0], 0.0)
    assert policy.observes == ("replica.deepest_budget", "request.tier", "served.met_sla")
    assert policy.oracle == ("length",)
    policy.learn("this")
    assert inner.told == "this"
    assert not hasattr(BudgetGrouped(Fixed(0.5), [1.0], 0.0), "learn")
    assert not hasattr(BudgetGrouped(Fixed(0.5), [1.0], 0.0), "oracle")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: ByTier([]), "budgets is"),
        (lambda: ByTier([1.0, 0.0]), "budgets is"),
        (lambda: QueueThreshold([], [1.0], 0.5), "steps_tokens is"),
        (lambda: QueueThreshold([5, 5], [1.0, 0.9, 0.8], 0.5), "steps_tokens is"),
        (lambda: QueueThreshold([5], [1.0], 0.5), "budgets is .* 2 falling"),
        (lambda: QueueThreshold([5], [0.8, 0.9], 0.5), "budgets is"),
        (lambda: QueueThreshold([5], [1.1, 0.9], 0.5), "budgets is"),
        (lambda: QueueThreshold([5], [1.0, 0.9], 0), "release is"),
        (lambda: ModelPredictive(0, 0.1), "headroom is"),
        (lambda: ModelPredictive(1, 1.1), "fixed_share is"),
        (lambda: Clairvoyant(0, 0.1), "headroom is"),
        (lambda: Clairvoyant(1, -0.1), "fixed_share is"),
        (lambda: BudgetGrouped(Fixed(1), [], 0), "groups is"),
        (lambda: BudgetGrouped(Fixed(1), [0.8, 1.0], 0), "groups is"),
        (lambda: BudgetGrouped(Fixed(1), [1.0], -1), "lift is"),
        (lambda: BudgetGrouped("full", [1.0], 0), "inner is 'full'"),
    ],
)
def test_impossible_settings_are_refused(make, told):
    with pytest.raises(ValueError, match=told):
        make()


def test_the_levels_are_those_the_tests_speak_of():
    assert BUDGETS == [1.0, 0.9, 0.8, 0.67]
    assert all(high.depth > low.depth for high, low in pairwise(PROFILE.levels))
