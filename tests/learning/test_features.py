"""What learned policies see lies in [0, 1] at every moment, and means what its name says."""

import numpy as np
import pytest

from cloudsim.learning.budget_decider import BudgetDecider, BudgetTask
from cloudsim.learning.features import FLEET, LOAD, POOL, REPLICA, REQUEST, RequestFeatures, load_features, pool_features
from cloudsim.testing.kinds import cluster, load
from cloudsim.testing.states import shown, states
from tests.learning.random_policies import TASK
from tests.policies.views import Fleet, Replica, Request, served


def test_every_number_is_in_its_range_at_every_moment():
    for state in states(2):
        seen, features = shown(state), RequestFeatures(3)
        features.arrived(seen.request, seen.fleet)
        rows = [features.request(seen.request, seen.fleet), features.fleet(seen.fleet)]
        rows += [features.replica(seen.request, replica, seen.fleet) for replica in seen.fleet.ready]
        rows += [*pool_features(load(seen), cluster(seen)), load_features(load(seen), cluster(seen))]
        assert [len(row) for row in rows[:3]] == [3 + len(REQUEST), 3 + len(FLEET), len(REPLICA)]
        assert [len(row) for row in rows[-2:]] == [len(POOL), len(LOAD)]
        assert all(0 <= number <= 1 for row in rows for number in row), state.name


def test_a_number_is_a_half_at_its_half():
    fleet, features = Fleet(now_s=50.0), RequestFeatures(3)
    fleet.output_tokens_mean = 200.0
    request = Request(tier=7, difficulty_seen=0.3, input_tokens=1000, generated_tokens=24, arrival_s=48.0)
    assert features.request(request, fleet) == [0.0, 0.0, 1.0, 0.3, 0.5, 0.5]
    replica = Replica(outstanding=32, queued_tokens=2048, decoding=32, free=0.25, deepest_budget=0.8, first_s=1.0, token_s=0.03,
                      price_usd_per_h=2.0, market="on_demand")  # fmt: skip
    assert features.replica(request, replica, fleet) == [0.5, 0.5, 0.5, 0.25, 0.8, 0.5, 0.5, 0.0, 0.5]
    for at in range(150):
        features.arrived(Request(index=at), fleet)
    features.arrived(Request(retries=1), fleet)  # is no arrival
    assert features.fleet(fleet)[:2] == [0.5, 0.5]
    fleet.now_s = 86_400 / 4
    assert features.fleet(fleet)[2:4] == pytest.approx([1.0, 0.5])


def test_attainment_is_that_of_the_last_two_minutes_by_tier():
    fleet, features = Fleet(now_s=100.0), RequestFeatures(3)
    for tier, met in ((0, True), (0, False), (1, False)):
        features.learn(served(Request(tier=tier), met=met, at_s=90.0))
    assert features.fleet(fleet)[-3:] == [0.5, 0.0, 1.0]
    fleet.now_s = 211.0
    assert features.fleet(fleet)[-3:] == [1.0, 1.0, 1.0]


def test_arrivals_of_two_intervals_are_seen():
    state = next(iter(states(1)))
    seen = load(shown(state))
    for arrivals, found in (((), [0.0, 0.0]), ((10.0,), [0.5, 0.0]), ((1.0, 0.0, 10.0), [0.5, 0.0]), ((0.0, 10.0, 30.0), [0.75, 0.5])):
        made = load_features(type(seen)(seen.now_s, 15.0, seen.pools, 0, arrivals), cluster(shown(state)))
        assert made[1:3] == found


def test_a_choice_holds_as_long_as_the_task_says():
    asked = []
    decider = BudgetDecider(TASK, lambda values: asked.append(values) or len(asked) % 4)
    fleet, given = Fleet(), []
    for now_s in (0.0, 1.0, 1.9, 2.0, 2.5, 4.1):
        fleet.now_s = now_s
        given.append(decider.budget(Request(), Replica(), fleet))
    assert given == [0.9, 0.9, 0.9, 0.8, 0.8, 0.67]
    assert {group: len(row) for group, row in asked[0].items()} == {group: len(names) for group, names in TASK.features.items()}
    assert list(asked[0]) == sorted(asked[0])  # the order in which environment and network have them


@pytest.mark.parametrize("wrong", [((), 3, 0.0), ((0.5, 0.9), 3, 0.0), ((1.2, 0.9), 3, 0.0), ((1.0,), 0, 0.0), ((1.0,), 3, np.nan)])
def test_a_task_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=r"budgets are|tiers are"):
        BudgetTask(*wrong)
