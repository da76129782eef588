"""The learners learn, are deterministic, and go on where they were killed."""

import json
import sys

import gymnasium
import numpy as np
import pytest

from cloudsim.env.serving_env import ServingEnv
from cloudsim.errors import ConfigError, ModelError
from cloudsim.learning.config import BinsConfig
from cloudsim.learning.course import compose
from cloudsim.learning.q_learning import QLearner
from tests.env.scenario import scenario
from tests.learning.random_policies import TASK, values

SMALL = {"hidden": [8], "environments": 2, "rollout_steps": 16, "batch": 16, "epochs": 2}


@pytest.fixture(scope="module")
def plain():
    return compose([]).config


class Crossing:
    """A toy: a queue, full or empty by chance. The right choice is the full model where it is empty, the leanest where it is full."""

    budget_task = TASK

    def __init__(self, length=40):
        self.length = length

    def seen(self):
        made = {group: np.zeros(len(names), np.float32) for group, names in TASK.features.items()}
        made["replica"][TASK.features["replica"].index("queued_tokens")] = 0.9 if self.full else 0.0
        return made

    def reset(self, seed, options):
        self.random, self.at = np.random.default_rng([seed, options["replication"]]), 0
        self.full = self.random.random() < 0.5
        return self.seen(), {"now_s": 0.0}

    def step(self, action):
        reward = float(action == (3 if self.full else 0)) + self.random.normal(0.0, 0.3)
        self.at += 1
        self.full = self.random.random() < 0.5
        return self.seen(), reward, self.at == self.length, False, {"now_s": 2.0 * self.at}


def q_learner(plain, folder, steps=400, seed=0):
    bins = BinsConfig(of="replica.queued_tokens", edges=[1000.0])
    return QLearner(plain.q_learning.model_copy(update={"bins": [bins]}), steps, seed, Crossing(), folder)


def q_values(folder):
    return json.loads((folder / "q_table.json").read_text())["values"]


def test_q_learning_finds_the_right_choice_of_a_toy(plain, tmp_path):
    learner = q_learner(plain, tmp_path, steps=4000)
    assert learner._table.values.argmax(axis=-1).tolist() == [0, 0]
    reports = []
    learner.train(reports.append)
    assert learner._table.values.argmax(axis=-1).tolist() == [0, 3]
    assert (reports[-1].steps, reports[-1].episodes) == (4000, 100)
    assert np.mean([one.reward for one in reports[-10:]]) > 1.5 * np.mean([one.reward for one in reports[:10]])


def test_q_learning_is_deterministic_and_ends_as_if_it_had_not_been_killed(plain, tmp_path):
    q_learner(plain, tmp_path / "whole").train(lambda report: None)
    q_learner(plain, tmp_path / "again").train(lambda report: None)
    assert q_values(tmp_path / "whole") == q_values(tmp_path / "again")

    class Killed(Exception):
        pass

    def kill(report):
        if report.episodes == 4:
            raise Killed

    with pytest.raises(Killed):
        q_learner(plain, tmp_path / "killed").train(kill)
    assert q_values(tmp_path / "killed") != q_values(tmp_path / "whole")
    q_learner(plain, tmp_path / "killed").train(lambda report: None)
    assert q_values(tmp_path / "killed") == q_values(tmp_path / "whole")
    q_learner(plain, tmp_path / "other", seed=1).train(lambda report: None)
    assert q_values(tmp_path / "other") != q_values(tmp_path / "whole")


def test_a_damaged_checkpoint_of_q_learning_is_told(plain, tmp_path):
    (tmp_path / "q_table.json").write_text('{"values": [1]}')
    with pytest.raises(ModelError, match=r"q_table.json: cannot be read .* delete it to begin anew"):
        q_learner(plain, tmp_path)


def ppo_learner(plain, folder, steps=96):
    from cloudsim.learning.ppo import PpoLearner

    envs = [ServingEnv(scenario(), "one", "budget", plain.reward, plain.hold_s) for _ in range(2)]
    return PpoLearner(plain.ppo.model_copy(update=SMALL), steps, 0, envs, folder)


def test_the_network_in_numpy_chooses_as_stable_baselines_does(plain, tmp_path):
    learner, rng = ppo_learner(plain, tmp_path), np.random.default_rng(0)
    network = learner.network()
    network.layers[-1] = (network.layers[-1][0] * 100, network.layers[-1][1])  # the first scores are all alike
    action_net = learner._model.policy.action_net
    action_net.weight.data *= 100
    chosen = []
    for _ in range(200):
        seen = values(rng)
        chosen.append(network.choose(seen))
        assert chosen[-1] == int(learner._model.predict(seen, deterministic=True)[0])
    assert len(set(chosen)) > 1


def test_ppo_is_deterministic_and_goes_on_from_its_checkpoint(plain, tmp_path):
    reports = []
    first = ppo_learner(plain, tmp_path / "first")
    before = first.network().layers[0][0].copy()
    first.train(reports.append)
    again = ppo_learner(plain, tmp_path / "again")
    again.train(lambda report: None)
    assert [report.steps for report in reports] == [32, 64, 96]
    weights = first.network().layers[0][0]
    assert (weights == again.network().layers[0][0]).all()
    assert not (weights == before).all()
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == ["ppo.json", "ppo.safetensors"]

    on = ppo_learner(plain, tmp_path / "first", steps=128)
    assert (on.network().layers[0][0] == weights).all()
    moments = on._model.policy.optimizer.state_dict()["state"]
    assert float(moments[0]["step"]) == 3 * 2 * 2  # updates × epochs × batches
    reports.clear()
    on.train(reports.append)
    assert [report.steps for report in reports] == [128]
    played = json.loads((tmp_path / "first" / "ppo.json").read_text())["played"]
    assert played >= 4  # two environments a session, and none of their replications twice


def test_a_missing_extra_is_told(plain, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    with pytest.raises(ConfigError, match=r"PPO needs stable_baselines3: pip install .*\[rl\]"):
        ppo_learner(plain, tmp_path)


def test_a_damaged_checkpoint_of_ppo_is_told(plain, tmp_path):
    ppo_learner(plain, tmp_path, steps=32).train(lambda report: None)
    (tmp_path / "ppo.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"ppo.safetensors: cannot be used"):
        ppo_learner(plain, tmp_path)
    (tmp_path / "ppo.json").write_text("{}")
    with pytest.raises(ModelError, match=r"ppo.json: cannot be read"):
        ppo_learner(plain, tmp_path)


def test_episodes_of_several_environments_are_replications_that_none_plays_twice():
    from itertools import count

    from cloudsim.learning.ppo import Episodes

    class Notes(gymnasium.Env):
        def __init__(self):
            self.began = []

        def reset(self, *, seed=None, options=None):
            self.began.append((seed, options["replication"]))
            return {}, {}

        def step(self, action):
            return {}, 3.0, action, False, {}

    numbers, sums, notes = count(5), [], [Notes(), Notes()]
    players = [Episodes(env, 9, numbers, 0.5, sums) for env in notes]
    for at in (0, 1, 1, 0):
        players[at].reset(seed=77)
        assert players[at].step(False)[1] == 1.5
        players[at].step(True)
    assert [env.began for env in notes] == [[(9, 5), (9, 8)], [(9, 6), (9, 7)]]
    assert sums == [6.0] * 4
