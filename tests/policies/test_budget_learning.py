"""Budgets that learn from how requests ended."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.budget.linucb import Linucb
from policies.budget.pid import Pid
from policies.budget.risk_controlled import RiskControlled
from policies.budget.thompson import Thompson
from tests.policies.views import PROFILE, Fleet, Replica, Request, served

BUDGETS = [level.budget for level in PROFILE.levels]
GAINS = {
    "target": 0.9, "proportional": 1.0, "integral_per_s": 0.0, "derivative_s": 0.0, "window_s": 10.0, "interval_s": 5.0,
    "least_outcomes": 10, "floor": 0.5,
}  # fmt: skip


class Loop:
    """A controller whose requests end as they are told, twenty every five seconds."""

    def __init__(self, **gains):
        self.policy, self.now_s = Pid(**GAINS | gains), 0.0

    def step(self, met_share, count=20):
        for at in range(count):
            self.policy.learn(served(Request(), met=at < round(met_share * count), at_s=self.now_s + 0.1))
        self.now_s += 5.0
        return self.budget()

    def budget(self):
        return self.policy.budget(Request(), Replica(), Fleet(now_s=self.now_s))


def test_pid_starts_with_the_full_model_and_goes_down_in_proportion_to_what_is_missing():
    loop = Loop()
    assert loop.budget() == 1.0
    assert loop.step(0.7) == pytest.approx(0.8)
    assert Loop(proportional=0.5).step(0.7) == pytest.approx(0.9)
    assert Loop(target=0.8).step(0.7) == pytest.approx(0.9)
    assert Loop().step(1.0) == 1.0
    assert Loop().step(0.0) == 0.5  # the floor


def test_pid_adds_up_what_stays_missing():
    loop = Loop(proportional=0.0, integral_per_s=0.1)
    assert [loop.step(0.8) for _ in range(3)] == pytest.approx([0.95, 0.9, 0.85])


def test_pid_does_not_wind_up():
    """However long it was at a limit, it leaves it as soon as the error turns."""
    budgets = []
    for steps in (6, 200):
        loop = Loop(proportional=0.0, integral_per_s=0.2)
        for _ in range(steps):
            assert loop.step(0.6) >= 0.5
        budgets.append([loop.step(1.0) for _ in range(6)])
    assert budgets[0] == pytest.approx(budgets[1])
    assert budgets[0][-1] > budgets[0][1] > 0.5
    calm = Loop(proportional=0.0, integral_per_s=0.2)
    for _ in range(200):
        assert calm.step(1.0) == 1.0
    calm.step(0.0)
    assert calm.step(0.0) < 1.0


def test_pid_damps_by_the_slope_of_the_measurement_alone():
    loop = Loop(derivative_s=1.0, window_s=5.0)
    assert loop.step(0.9) == pytest.approx(1.0)
    assert loop.step(0.8) == pytest.approx(1.0 - 0.1 - 0.02)  # it falls by 0.02 a second
    assert loop.step(0.9) == pytest.approx(1.0)  # it rises: clipped


def test_pid_looks_at_a_window_and_waits_for_outcomes():
    loop = Loop(window_s=5.0)
    assert loop.step(0.7, count=9) == 1.0
    assert loop.step(0.7) == pytest.approx(0.8)
    assert loop.step(1.0, count=0) == pytest.approx(0.8)  # nothing new: it stays
    assert loop.step(1.0) == 1.0
    assert Loop(window_s=50.0).step(0.7, count=10) == pytest.approx(0.8)


def test_pid_acts_at_intervals_only():
    loop = Loop(window_s=5.0)
    loop.step(0.7)
    for at in range(20):
        loop.policy.learn(served(Request(), met=True, at_s=5.0 + at / 10))
    loop.now_s = 9.9
    assert loop.budget() == pytest.approx(0.8)
    loop.now_s = 10.0
    assert loop.budget() == 1.0


@given(shares=st.lists(st.floats(0, 1), min_size=1, max_size=30), gains=st.tuples(*[st.floats(0, 5)] * 3), floor=st.floats(0.05, 1))
def test_pid_stays_between_floor_and_one(shares, gains, floor):
    loop = Loop(**dict(zip(("proportional", "integral_per_s", "derivative_s"), gains, strict=True)), floor=floor)
    assert all(floor <= loop.step(share) <= 1.0 for share in shares)


CONTEXT = {"right_weight": 0.5, "ridge": 1.0, "queue_tokens": 2000, "sequences": 30}
BANDITS = {
    "linucb": lambda **changes: Linucb(**{"exploration": 1.0, **CONTEXT} | changes),
    "thompson": lambda **changes: Thompson(**{"spread": 0.5, "seed": 1, **CONTEXT} | changes),
}
BUSY, CALM = {"queued_tokens": 20_000, "free": 0.1, "decoding": 200}, {"queued_tokens": 0, "free": 0.9, "decoding": 2}


def taught(policy, rounds=1500, seed=0):
    """On busy replicas only the leanest level is in time; on calm ones all are, and only the full model is right."""
    rng, given_ = np.random.default_rng(seed), {True: Counter(), False: Counter()}
    waiting = []
    for index in range(rounds):
        busy = bool(rng.random() < 0.5)
        request, replica = Request(index, tier=int(rng.integers(3))), Replica(**(BUSY if busy else CALM))
        budget = policy.budget(request, replica, Fleet())
        waiting.append(served(request, replica, met=not busy or budget == 0.67, right=budget == 1.0, budget=budget))
        if len(waiting) > 20:  # outcomes are late, and not in order
            policy.learn(waiting.pop(int(rng.integers(len(waiting)))))
        if index >= rounds - 300:
            given_[busy][budget] += 1
    return given_


@pytest.mark.parametrize("kind", BANDITS)
def test_a_bandit_learns_the_best_level_of_each_context(kind):
    found = taught(BANDITS[kind]())
    assert found[True][0.67] > 0.9 * found[True].total()
    assert found[False][1.0] > 0.9 * found[False].total()


@pytest.mark.parametrize("kind", BANDITS)
def test_right_answers_count_as_much_as_they_are_weighted(kind):
    """All levels are in time, the leanest alone is right."""
    shares = []
    for weight in (0.0, 0.6):
        policy, found = BANDITS[kind](right_weight=weight), Counter()
        for index in range(600):
            request, replica = Request(index), Replica()
            budget = policy.budget(request, replica, Fleet())
            found[budget] += index >= 300
            policy.learn(served(request, replica, right=budget == 0.67, budget=budget))
        shares.append(found[0.67] / 300)
    assert shares[0] < 0.8
    assert shares[1] > 0.9


@pytest.mark.parametrize("kind", BANDITS)
def test_a_bandit_tries_every_level_before_it_knows(kind):
    policy, tried = BANDITS[kind](), set()
    for index in range(60):
        request, replica = Request(index), Replica()
        budget = policy.budget(request, replica, Fleet())
        tried.add(budget)
        policy.learn(served(request, replica, right=False, budget=budget))
    assert tried == set(BUDGETS)


def test_thompson_is_the_same_with_the_same_seed_and_another_with_another():
    found = [[BANDITS["thompson"](seed=seed).budget(Request(at), Replica(), Fleet()) for at in range(9)] for seed in range(6)]
    assert len({tuple(row) for row in found}) > 1
    twins = BANDITS["thompson"](), BANDITS["thompson"]()
    drawn = [[policy.budget(Request(at), Replica(), Fleet()) for at in range(50)] for policy in twins]
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) == 4


def test_without_exploration_the_estimate_alone_counts():
    policy = BANDITS["linucb"](exploration=0.0)
    assert policy.budget(Request(0), Replica(), Fleet()) == 1.0  # all rewards are expected to be 0
    policy.learn(served(Request(0), Replica(), met=False))
    assert policy.budget(Request(1), Replica(), Fleet()) == 1.0
    policy.learn(served(Request(1), Replica(), budget=0.8))  # its memory allowed no more
    assert policy.budget(Request(2), Replica(), Fleet()) == 0.8


@pytest.mark.parametrize("kind", BANDITS)
def test_what_ended_elsewhere_or_without_a_level_teaches_nothing(kind):
    from cloudsim.models.elastic import static_profile
    from cloudsim.models.spec import find_model

    policy, twin = BANDITS[kind](), BANDITS[kind]()
    other = Replica(profile=static_profile(find_model("qwen3-0.6b")))
    ends = served(Request(0), None, completed=False, budget=float("nan")), served(Request(1), other), served(Request(99), Replica())
    for index, end in enumerate(ends):
        for one in (policy, twin):
            one.budget(Request(index), Replica(), Fleet())
        policy.learn(end)
    after = [[one.budget(Request(at), Replica(), Fleet()) for at in range(100, 160)] for one in (policy, twin)]
    assert after[0] == after[1]


def test_tiers_beyond_the_fourth_share_a_place():
    policy = BANDITS["linucb"]()
    wide = Fleet(tiers=Fleet().tiers * 3)
    for index in range(9):
        assert policy.budget(Request(index, tier=index), Replica(), wide) in BUDGETS
        policy.learn(served(Request(index, tier=index), Replica(), budget=1.0))


SAFE = {"alpha": 0.1, "delta": 0.1, "outcomes": 400, "feedback_error": 0.0}


def calibrated(right_share, requests=2400, **changes):
    """What is given, request by request, where each level is right in a share of the cases; outcomes come thirty requests later."""
    policy, rng, budgets, waiting = RiskControlled(**SAFE | changes), np.random.default_rng(0), [], []
    for index in range(requests):
        request = Request(index)
        budget = policy.budget(request, Replica(), Fleet())
        budgets.append(budget)
        waiting.append(served(request, Replica(), right=bool(rng.random() < right_share[BUDGETS.index(budget)]), budget=budget))
        if len(waiting) > 30:
            policy.learn(waiting.pop(0))
    return budgets


def test_risk_control_tries_the_levels_in_turn_then_takes_the_leanest_that_is_safe():
    budgets = calibrated([0.9, 0.9, 0.9, 0.5])
    assert budgets[:8] == BUDGETS * 2
    assert Counter(budgets[:1600]) == dict.fromkeys(BUDGETS, 400)
    assert budgets[1600:1630] == [1.0] * 30  # until the last of them are known
    assert set(budgets[1630:]) == {0.8}


def test_risk_control_stays_with_the_full_model_where_none_is_safe():
    assert set(calibrated([0.9, 0.6, 0.9, 0.9])[1600:]) == {1.0}


def test_risk_control_asks_more_of_verdicts_that_err():
    found = [calibrated([0.9, 0.9, 0.9, 0.9], feedback_error=error)[-1] for error in (0.0, 0.4)]
    assert found == [0.67, 1.0]


def test_risk_control_tries_again_where_a_trial_told_nothing():
    policy = RiskControlled(**SAFE | {"outcomes": 1})
    assert [policy.budget(Request(at), Replica(), Fleet()) for at in range(5)] == [*BUDGETS, 1.0]
    policy.learn(served(Request(2), Replica(), completed=False, budget=0.8))  # lost
    policy.learn(served(Request(1), Replica(), budget=0.8))  # its memory allowed no more than 0.8
    assert [policy.budget(Request(at), Replica(), Fleet()) for at in (5, 6, 7)] == [0.9, 0.8, 1.0]
    assert policy.budget(Request(3), Replica(), Fleet()) == 0.67  # it lost its replica, and is tried anew


def test_risk_control_takes_a_table_instead():
    table = [(1.0, 900, 100), (0.8, 890, 110), (0.6, 880, 120), (0.5, 500, 500)]
    policy = RiskControlled(**SAFE, table=table)
    assert policy.budget(Request(), Replica(), Fleet()) == 0.6
    assert RiskControlled(**SAFE | {"alpha": 0.01}, table=table).budget(Request(), Replica(), Fleet()) == 1.0
    alphas = 0.02, 0.06, 0.08, 0.5
    leaner = [RiskControlled(**SAFE | {"alpha": alpha}, table=table).budget(Request(), Replica(), Fleet()) for alpha in alphas]
    assert all(high >= low for high, low in pairwise(leaner))
    assert leaner[-1] == 0.5


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Pid(**GAINS | {"target": 0}), "target is 0"),
        (lambda: Pid(**GAINS | {"floor": 1.5}), "floor is"),
        (lambda: Pid(**GAINS | {"proportional": -1}), "proportional is"),
        (lambda: Pid(**GAINS | {"integral_per_s": float("nan")}), "integral_per_s is nan"),
        (lambda: Pid(**GAINS | {"derivative_s": -1}), "derivative_s is"),
        (lambda: Pid(**GAINS | {"window_s": 0}), "window_s is"),
        (lambda: Pid(**GAINS | {"interval_s": 0}), "interval_s is"),
        (lambda: Pid(**GAINS | {"least_outcomes": 0}), "least_outcomes"),
        (lambda: BANDITS["linucb"](exploration=-1), "exploration is"),
        (lambda: BANDITS["thompson"](spread=-1), "spread is"),
        (lambda: BANDITS["linucb"](right_weight=1.1), "right_weight is"),
        (lambda: BANDITS["linucb"](ridge=0), "ridge is"),
        (lambda: BANDITS["linucb"](queue_tokens=0), "queue_tokens is"),
        (lambda: BANDITS["linucb"](sequences=0), "sequences is"),
        (lambda: RiskControlled(**SAFE | {"alpha": 0}), "alpha is"),
        (lambda: RiskControlled(**SAFE | {"delta": 1}), "delta is"),
        (lambda: RiskControlled(**SAFE | {"outcomes": 0}), "outcomes is"),
        (lambda: RiskControlled(**SAFE | {"feedback_error": 0.5}), "feedback_error"),
        (lambda: RiskControlled(**SAFE, table=[(0.9, 1, 1)]), "table has the budgets"),
        (lambda: RiskControlled(**SAFE, table=[(1.0, 1, 1), (1.0, 1, 1)]), "table has the budgets"),
        (lambda: RiskControlled(**SAFE, table=[(1.0, -1, 1)]), "counts"),
        (lambda: RiskControlled(**SAFE, table=[]), "table has the budgets"),
    ],
)
def test_impossible_settings_are_refused(make, told):
    with pytest.raises(ValueError, match=told):
        make()
