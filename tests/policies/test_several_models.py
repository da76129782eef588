"""What routers promise that choose among models, some of them after a look at an answer."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.contracts import Route
from cloudsim.errors import SimulationError
from policies.routing.acar import Acar
from policies.routing.amro_s import AmroS
from policies.routing.by_tier import ByTier
from policies.routing.cascade import Cascade
from policies.routing.green_serv import GreenServ
from policies.routing.odar import Odar
from tests.policies.views import Request, answer, fleet, served

SPREADS = {1.0: 0.0, 2 / 3: 0.5, 1 / 3: 1.0}  # agreement of three samples


def three(large=(0,), middle=(0,), small=(0,)):
    return fleet(large=large, middle=middle, small=small)


def told(chosen):
    """Pool, samples and whether the client sees it as it is written."""
    return (chosen.replica.pool, chosen.samples, chosen.final) if isinstance(chosen, Route) else (chosen.pool, 1, False)


def test_each_tier_has_its_pool_and_the_last_one_stands_for_further_tiers():
    policy = ByTier(["large", "small"])
    assert [policy.route(Request(tier=tier), three()).pool for tier in (0, 1, 2)] == ["large", "small", "small"]
    assert policy.route(Request(tier=1), three(small=(3, 1, 2))).outstanding == 1


def test_a_tier_whose_pool_is_away_gets_the_next_larger_model_or_else_a_smaller_one():
    assert ByTier(["small"]).route(Request(tier=0), three(small=())).pool == "middle"
    assert ByTier(["large"]).route(Request(tier=0), three(large=())).pool == "middle"
    with pytest.raises(SimulationError, match="pools names tiny; the contender has large, middle, small"):
        ByTier(["tiny"]).route(Request(), three())


def test_a_cascade_begins_with_the_smallest_and_goes_up_until_it_trusts_an_answer():
    policy = Cascade([0.8, 0.6], 9)
    assert told(policy.route(Request(), three())) == ("small", 1, False)
    assert policy.review(Request(), answer(0.8), three()) is None
    assert told(policy.review(Request(), answer(0.79), three())) == ("middle", 1, False)
    assert policy.review(Request(), answer(0.6, pool="middle", attempt=1), three()) is None
    assert told(policy.review(Request(), answer(0.59, pool="middle", attempt=1), three())) == ("large", 1, True)
    assert policy.review(Request(), answer(0.0, pool="large", attempt=2), three()) is None


def test_a_cascade_makes_do_with_the_pools_that_are_ready():
    policy = Cascade([0.8], 9)
    assert told(policy.review(Request(), answer(0.1), three(middle=()))) == ("large", 1, True)
    assert policy.review(Request(), answer(0.1), three(large=(), middle=())) is None
    assert told(policy.route(Request(), three(middle=(), small=()))) == ("large", 1, True)


def test_a_cascade_passes_over_models_without_room_and_delivers_where_no_larger_one_has():
    policy = Cascade([0.8], 4)
    assert told(policy.route(Request(), three(small=(4,)))) == ("middle", 1, False)
    assert told(policy.route(Request(), three(middle=(5,), small=(4,)))) == ("large", 1, True)
    assert told(policy.route(Request(), three(large=(7,), middle=(5,), small=(6,)))) == ("middle", 1, False)
    assert told(policy.review(Request(), answer(0.1), three(middle=(4,)))) == ("large", 1, True)
    assert policy.review(Request(), answer(0.1), three(large=(4,), middle=(4,))) is None


def test_a_request_that_lost_its_replica_goes_on_where_it_was():
    for policy in (Cascade([0.8], 9), Acar(3, 0.0, 0.5)):
        assert [told(policy.route(Request(escalations=n), three()))[0] for n in (0, 1, 2)] == ["small", "middle", "large"]


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_stricter_cascade_sends_on_whatever_a_laxer_one_does(confidence, low, high):
    low, high = sorted((low, high))
    lax, strict = (Cascade([threshold], 9).review(Request(), answer(confidence), three()) for threshold in (low, high))
    assert lax is None or strict is not None


@pytest.mark.parametrize(("agreement", "path"), [(1.0, ["small"]), (2 / 3, ["small", "middle"]), (1 / 3, ["small", "middle", "large"])])
def test_the_spread_of_the_probe_picks_a_path_of_one_two_or_three_models(agreement, path):
    policy, request, seen = Acar(3, 0.0, 0.5), Request(4), []
    chosen = policy.route(request, three())
    assert told(chosen) == ("small", 3, False)
    while chosen is not None:
        pool, samples, final = told(chosen)
        seen.append(pool)
        if final:
            break
        chosen = policy.review(request, answer(0.5, agreement, pool, len(seen) - 1, samples), three())
    assert seen == path


def test_acar_forgets_requests_that_end_on_their_way():
    policy = Acar(3, 0.0, 0.5)
    assert told(policy.review(Request(4), answer(agreement=1 / 3, samples=3), three()))[2] is False
    assert told(policy.route(Request(4, escalations=1), three()))[2] is False
    policy.learn(served(Request(4), None, completed=False))
    assert told(policy.route(Request(4, escalations=1), three()))[2] is True


def test_odar_goes_by_difficulty_to_fast_slow_and_slow_with_samples():
    policy = Odar(0.3, 0.7, 5)
    chosen = [told(policy.route(Request(difficulty_seen=seen), three())) for seen in (0.0, 0.29, 0.3, 0.69, 0.7, 1.0)]
    assert chosen == [("small", 1, False)] * 2 + [("large", 1, False)] * 2 + [("large", 5, False)] * 2


BANDIT = {"weight": 0.8, "exploration": 0.6, "gpu_s_scale": 4.0, "bins": 2, "crowded": 50, "batch": 1}


def taught(policy, right, gpu_s, rounds=400, replicas=None):
    """Ask and tell a policy; `right(pool, request, rng)` decides on answers. Pools of the last quarter, by bin of difficulty."""
    rng, replicas, chosen = np.random.default_rng(0), replicas or three(), []
    for index in range(rounds):
        request = Request(index, difficulty_seen=0.25 + 0.5 * (index % 2), tier=index % 3)
        replica = policy.route(request, replicas)
        policy.learn(served(request, replica, right=right(replica.pool, request, rng), gpu_s=gpu_s[replica.pool]))
        chosen.append((index % 2, replica.pool))
    return [Counter(pool for at, pool in chosen[-rounds // 4 :] if at == which) for which in (0, 1)]


def by_size(pool, request, rng):
    """The large model is right always, the small one on easy questions only."""
    return pool == "large" or request.difficulty_seen < 0.5 or rng.random() < 0.1


COSTS = {"large": 2.0, "middle": 3.0, "small": 0.2}


def test_the_bandit_learns_which_model_is_worth_its_energy_for_which_questions():
    easy, hard = taught(GreenServ(**BANDIT), lambda pool, *rest: pool != "middle" and by_size(pool, *rest), COSTS, rounds=3000)
    assert easy.most_common(1)[0][0] == "small"
    assert easy["small"] > 0.9 * easy.total()
    assert hard["large"] > 0.9 * hard.total()


def test_where_energy_is_all_the_bandit_takes_the_cheapest_and_where_accuracy_is_the_best():
    cheapest = taught(GreenServ(**BANDIT | {"weight": 0.0}), by_size, COSTS)
    assert all(found["small"] > 0.9 * found.total() for found in cheapest)
    best = taught(GreenServ(**BANDIT | {"weight": 1.0}), lambda pool, request, rng: pool == "middle", COSTS)
    assert all(found["middle"] > 0.9 * found.total() for found in best)


def test_without_exploration_the_bandit_stays_with_what_it_knows():
    assert taught(GreenServ(**BANDIT | {"exploration": 0.0}), lambda *_: True, COSTS)[0].keys() == {"large"}


def test_the_bandits_bounds_are_those_of_linucb():
    policy, tiers = GreenServ(**BANDIT), 3
    rng, seen = np.random.default_rng(1), []
    for index in range(200):
        request = Request(index, difficulty_seen=float(rng.random()), tier=int(rng.integers(3)))
        replica = policy.route(request, three())
        right = bool(rng.random() < 0.5)
        policy.learn(served(request, replica, right=right))
        x = np.zeros(2 + tiers)
        x[int(request.difficulty_seen * 2)] = x[2 + request.tier] = 1
        seen.append((replica.pool, x, 0.8 * right - 0.2 * 0.25))
    for pool in {pool for pool, _, _ in seen}:
        rows = [(x, reward) for name, x, reward in seen if name == pool]
        inverse = np.linalg.inv(np.eye(5) + sum(np.outer(x, x) for x, _ in rows))
        theta = inverse @ sum(reward * x for x, reward in rows)
        for at in range(2):
            for tier in range(tiers):
                x = np.zeros(5)
                x[at] = x[2 + tier] = 1
                assert policy._bounds[pool][at][tier] == pytest.approx(theta @ x + 0.6 * np.sqrt(x @ inverse @ x))


def test_the_bandit_leaves_busy_pools_out_unless_all_are():
    policy = GreenServ(**BANDIT | {"crowded": 4})
    assert policy.route(Request(), three(large=(4,), middle=(4,), small=(3,))).pool == "small"
    assert policy.route(Request(), three(large=(9,), middle=(6,), small=(7,))).pool == "middle"
    policy.learn(served(Request(), right=False, completed=False))  # it never had a replica


ANTS = {"bins": 2, "pheromone": 2.0, "load": 1.0, "evaporation": 0.1, "gpu_s_scale": 1.0, "least_pheromone": 0.01, "seed": 0}


def test_ants_follow_right_answers_class_by_class():
    easy, hard = taught(AmroS(**ANTS), by_size, COSTS, rounds=4000)
    assert easy["small"] > 0.6 * easy.total()  # right as often, and cheaper
    assert hard["large"] > 0.9 * hard.total()


def test_ants_avoid_load_and_forget_nothing():
    loaded = three(large=(7,), middle=(1,), small=(3,))
    draws = Counter(AmroS(**ANTS | {"seed": seed}).route(Request(), loaded).pool for seed in range(2000))
    total = 1 / 8 + 1 / 2 + 1 / 4
    assert [draws[pool] / 2000 for pool in ("large", "middle", "small")] == pytest.approx(
        [1 / 8 / total, 1 / 2 / total, 1 / 4 / total], abs=0.03
    )
    policy = AmroS(**ANTS | {"load": 0.0, "pheromone": 1.0})
    for index in range(300):
        policy.learn(served(Request(index), three().ready[index % 3], right=False))
    assert {trail for trails in policy._trails.values() for trail in trails.values()} == {0.01}
    assert {policy.route(Request(index), three()).pool for index in range(60)} == {"large", "middle", "small"}


def test_two_ants_with_a_seed_go_the_same_way():
    ways = [[AmroS(**ANTS).route(Request(index), three()).pool for index in range(40)] for _ in range(2)]
    assert ways[0] == ways[1]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: ByTier([]), "pools"),
        (lambda: Cascade([], 9), "confidence"),
        (lambda: Cascade([0.5, 1.1], 9), "confidence"),
        (lambda: Cascade([0.5], 0), "crowded"),
        (lambda: Acar(1, 0.0, 0.5), "samples"),
        (lambda: Acar(3, 0.6, 0.5), "one_model"),
        (lambda: Odar(0.7, 0.3, 3), "medium"),
        (lambda: Odar(0.3, 0.7, 1), "samples"),
        (lambda: GreenServ(**BANDIT | {"weight": 1.1}), "weight"),
        (lambda: GreenServ(**BANDIT | {"gpu_s_scale": 0}), "gpu_s_scale"),
        (lambda: GreenServ(**BANDIT | {"batch": 0}), "batch"),
        (lambda: AmroS(**ANTS | {"load": -1}), "load"),
        (lambda: AmroS(**ANTS | {"evaporation": 0}), "evaporation"),
    ],
)
def test_impossible_settings_are_refused(make, word):
    with pytest.raises(ValueError, match=word):
        make()
