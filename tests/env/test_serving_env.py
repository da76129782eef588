"""The environment keeps Gymnasium's contract, and is the same simulation."""

import gc
import signal
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudsim.env import MODES, ServingEnv
from cloudsim.errors import ConfigError, SimulationError
from cloudsim.learning.reward import RewardWeights, whole_run
from cloudsim.simulation import simulate
from tests.cluster.scenario import configuration, fingerprint
from tests.env.scenario import MARKET, at_random, environment, play, scenario

PARTS = ("met_sla", "right", "missed", "cost_usd")


@pytest.mark.parametrize("mode", MODES)
def test_it_passes_the_check_of_gymnasium(mode):
    check_env(environment(mode), skip_render_check=True)


@pytest.mark.parametrize("mode", MODES)
def test_the_same_seed_and_actions_give_the_same_tables_and_others_do_not(mode):
    env, seen = environment(mode), []
    for actions in (1, 1, 2):
        _, rewards = play(env, at_random(actions), seed=4)
        seen.append((fingerprint(env.tables), rewards))
    assert seen[0] == seen[1] != seen[2]


def test_an_episode_is_a_replication_of_a_run():
    env = environment()
    facts, _ = play(env, lambda env: 3)
    fixed = scenario()
    leanest = fixed.contenders["one"].model_copy(update={"budget": _component("policies.budget.fixed.Fixed", budget=0.67)})
    fixed = fixed.model_copy(update={"contenders": {"one": leanest}})
    assert fingerprint(env.tables) == fingerprint(simulate(fixed, "one", 0))
    env.reset()
    while not env.step(3)[2]:
        pass
    assert fingerprint(env.tables) == fingerprint(simulate(fixed, "one", 1))
    assert facts[0] == {"met_sla": 0, "right": 0, "missed": 0, "cost_usd": 0.0, "now_s": 0.0, "invalid": False}
    assert [one["now_s"] for one in facts] == sorted(one["now_s"] for one in facts)


def _component(target, **arguments):
    from cloudsim.config import Component

    return Component.model_validate({"_target_": target, **arguments})


@settings(max_examples=8)
@given(
    mode=st.sampled_from(MODES), seed=st.integers(0, 50), actions=st.integers(0, 50), drain_s=st.sampled_from([0.0, 60.0]),
    weights=st.builds(RewardWeights, sla=st.floats(0, 3), quality=st.floats(0, 3), missed=st.floats(0, 3), cost_per_usd=st.floats(0, 3)),
)  # fmt: skip
def test_rewards_add_up_to_what_the_tables_say(mode, seed, actions, drain_s, weights):
    env = environment(mode, changes={"drain_s": drain_s, "duration_s": 75.0}, weights=weights)
    facts, rewards = play(env, at_random(actions), seed)
    whole = whole_run(env.tables)
    assert [sum(one[name] for one in facts) for name in PARTS] == pytest.approx(list(whole))
    assert sum(rewards) == pytest.approx(weights.reward(whole))
    status = env.tables.requests["status"]
    open_at_the_end = int((status.codes == status.words.index("unfinished")).sum())
    assert whole.met_sla + whole.missed == len(status)
    # All but what is unfinished at the horizon was told when it happened; the table only confirms it.
    assert facts[-1]["missed"] >= open_at_the_end
    assert open_at_the_end > 0 or drain_s


def test_what_happened_since_the_last_decision_is_told_as_it_happens():
    """Nothing but unfinished requests is left for the settlement at the end."""
    env = environment(changes={"drain_s": 0.0})
    account, settled = None, []
    env.reset(seed=0)
    account = env._account
    settle = account.settle
    account.settle = lambda tables: settled.append((account._given, account._met, account._right, account._missed)) or settle(tables)
    while not env.step(0)[2]:
        pass
    given, met, right, missed = settled[0]
    whole, requests = whole_run(env.tables), env.tables.requests
    unfinished = int((requests["status"].codes == requests["status"].words.index("unfinished")).sum())
    assert (given.met_sla + met, given.right + right) == (whole.met_sla, whole.right)
    assert given.missed + missed + unfinished == whole.missed


def test_a_held_choice_is_asked_for_less_often():
    often, seldom = (len(play(environment(hold_s=hold_s), lambda env: 2)[1]) for hold_s in (0.0, 5.0))
    assert seldom < often / 5
    env = environment(hold_s=5.0)
    play(env, lambda env: 2)
    assert set(np.unique(env.tables.requests["budget"].round(2))) <= {np.float32(0.8)}


def test_a_choice_of_no_replica_goes_to_the_least_outstanding_and_is_told():
    env = environment("routing", most=4)
    facts, _ = play(env, lambda env: 3)
    assert all(one["invalid"] for one in facts[1:])
    assert set(env.tables.requests["node"]) >= {0, 1}
    # The contender itself routes by least outstanding, with full budgets.
    assert fingerprint(env.tables) == fingerprint(simulate(scenario(), "one", 0))
    env.reset(seed=0)
    info = env.step(0)[4]
    assert info["action_mask"].tolist() == [1, 1, 0, 0]
    assert not info["invalid"]
    assert env.action_space.sample(mask=info["action_mask"]) in (0, 1)


def test_targets_follow_the_actions_and_stay_within_bounds():
    env = environment("scaling", most=2)
    facts, _ = play(env, lambda env: [2])
    assert all(one["invalid"] for one in facts[1:])
    facts, _ = play(env, lambda env: [0])
    assert [one["invalid"] for one in facts[1:5]] == [False, False, True, True]
    assert (env.tables.timeline["ready"][1:] == 0).all()


def test_it_leaves_signals_and_garbage_collection_alone():
    env = environment()
    env.reset(seed=0)
    assert gc.isenabled()
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    env.close()
    gc.disable()
    try:
        play(env, lambda env: 0)
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("mode", MODES)
def test_close_ends_the_run_wherever_it_stands(mode):
    env = environment(mode)
    for steps in (0, 3, 9):
        env.reset(seed=1)
        run = env._run
        for _ in range(steps):
            env.step(env.action_space.sample())
        env.close()
        assert run._greenlet.dead
        with pytest.raises(gymnasium.error.ResetNeeded):
            env.step(env.action_space.sample())
    env.close()
    play(env, at_random(0))
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(env.action_space.sample())


def test_close_ends_a_run_that_stands_still_within_a_simpy_process():
    """Requests that waited for the first instance are dispatched by the process of its node."""
    env = environment(changes={"warm_start": False})
    env.reset(seed=0)
    run = env._run
    assert env._account.now_s > 5
    env.close()
    assert run._greenlet.dead


def test_what_ends_the_run_reaches_the_agent():
    env = environment("routing", changes={"contenders.one.budget": {"_target_": "tests.env.test_serving_env.Fails"}})
    env.reset(seed=0)
    with pytest.raises(SimulationError, match="budget Fails failed on"):
        env.step(0)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(0)


class Fails:
    def budget(self, request, replica, fleet):
        raise RuntimeError("as it must")


def test_a_run_without_a_question_terminates_at_the_first_step():
    env = environment(
        changes={"workload__rate_scale": 1.0, "traffic": {"_target_": "tests.cluster.scenario.Listed", "rows": [(1.0, 900000, 5)]}}
    )
    seen, _ = env.reset(seed=0)
    assert not any(values.any() for values in seen.values())
    _, reward, over, _, info = env.step(0)
    assert over
    assert (info["missed"], info["met_sla"]) == (1, 0)
    assert reward < -1


@pytest.mark.parametrize("vector", [SyncVectorEnv, AsyncVectorEnv])
def test_several_environments_side_by_side_are_as_each_alone(vector):
    with_two = vector([environment, environment])
    try:
        seen, _ = with_two.reset(seed=7)
        rewards = [with_two.step(np.array([0, 3]))[1] for _ in range(40)]
    finally:
        with_two.close()
    for at, action in enumerate((0, 3)):
        alone = environment()
        first, _ = alone.reset(seed=7 + at)
        assert all((seen[name][at] == first[name]).all() for name in first)
        assert [alone.step(action)[1] for _ in range(40)] == [reward[at] for reward in rewards]
        alone.close()


def test_overrides_are_taken_as_run_takes_them():
    env = ServingEnv(["+contender@contenders.l2a=l2a", "duration_s=20", "drain_s=10"], "l2a", "budget")
    facts, _ = play(env, lambda env: 0)
    assert facts[-1]["now_s"] == 30.0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"mode": "routes"}, "mode: found 'routes'; did you mean"),
        ({"contender": "two"}, "contender: found 'two'; the experiment has one"),
        ({"mode": "routing", "hold_s": 2.0}, "hold_s: found 2; only budgets hold"),
        ({"mode": "scaling", "most": 0}, "most: found 0; accepted: a whole number of at least 1"),
        ({"hold_s": -1.0}, "hold_s is at least 0"),
        ({"config": configuration({"contenders": scenario({"small": ("qwen3-0.6b", None, 1)}).model_dump(by_alias=True)["contenders"]})},
         "contender one has no elastic pool, so no budget is asked for; its pools: small (qwen3-0.6b)"),
        ({"config": ["+contender@contenders.one=l2a", "seeds=none"]}, "seeds: found 'none'"),
    ],
)  # fmt: skip
def test_a_user_s_mistake_is_one_clear_message(arguments, told):
    with pytest.raises(ConfigError) as error:
        ServingEnv(**{"config": scenario(), "contender": "one", "mode": "budget"} | arguments)
    assert told in str(error.value)


def test_a_missing_extra_is_told(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("cloudsim.env")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "greenlet", None)
    with pytest.raises(ConfigError, match=r"needs greenlet: pip install .*\[rl\]"):
        import cloudsim.env  # noqa: F401


def test_the_market_of_these_tests_takes_an_instance_away():
    tables = simulate(scenario(), "one", 0)
    assert (tables.nodes["noticed_s"] > 0).any()
    assert len(MARKET) == 2
