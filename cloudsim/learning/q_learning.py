"""Tabular Q-learning over decisions that lie unequal times apart."""

import json
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from cloudsim.atomic_file import replace_text
from cloudsim.env import ServingEnv
from cloudsim.errors import ModelError
from cloudsim.learning.config import QLearningConfig
from cloudsim.learning.learner import Report, Watch
from cloudsim.learning.q_table import QTable, write_table

CHECKPOINT = "q_table.json"


class QLearner:
    """Q(s, a) += α · (r + γ^Δt · max Q(s′, ·) − Q(s, a)): Q-learning (Watkins and Dayan, 1992) with a discount by the Δt seconds between
    two decisions, as for semi-Markov decisions (Bradtke and Duff, NIPS 1994).

    α is 1/n at the nth visit of a state and choice, and `step_size` at least. A share of the choices is drawn at random, which falls in a
    line from `explore_first` to `explore_last`. Values begin at 0, so the untrained choice is the full model.

    A checkpoint is written after each episode, with the state of the random numbers, so a training that was killed ends as if it had not
    been.

    Args:
        settings: of the algorithm.
        steps: decisions it takes, those of the episode under way at the last one included.
        seed: of its random numbers and of the episodes.
        env: in which it learns.
        folder: of the checkpoint.

    Raises:
        ModelError: the checkpoint cannot be read.
        ValueError: the bins cannot be used.
    """

    def __init__(self, settings: QLearningConfig, steps: int, seed: int, env: ServingEnv, folder: Path) -> None:
        self._settings, self._last, self._seed, self._env, self._path = settings, steps, seed, env, folder / CHECKPOINT
        self._table = QTable(env.budget_task, {bins.of: bins.edges for bins in settings.bins})
        self._visits = np.zeros(self._table.values.shape, np.int64)
        self._random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=seed, spawn_key=(1,))))
        self._steps = self._episodes = 0
        if self._path.is_file():
            self._restore()

    def train(self, watch: Watch) -> None:
        """See `BudgetLearner`."""
        while self._steps < self._last:
            reward = self._episode()
            self._episodes += 1
            self._save()
            watch(Report(self._steps, self._episodes, reward))

    def write(self, folder: Path) -> None:
        """See `BudgetLearner`."""
        write_table(folder, self._table)

    def _episode(self) -> float:
        """One replication."""
        settings, values, visits = self._settings, self._table.values, self._visits
        choices = values.shape[-1]
        seen, info = self._env.reset(seed=self._seed, options={"replication": self._episodes})
        over, rewards = False, []
        state = self._table.state(seen)  # type: ignore[arg-type]
        while not over:
            done = min(1.0, self._steps / self._last)
            drawn, other = self._random.random(), int(self._random.integers(choices))
            explores = drawn < settings.explore_first + done * (settings.explore_last - settings.explore_first)
            place = (*state, other if explores else int(values[state].argmax()))
            from_s = info["now_s"]
            seen, reward, over, _, info = self._env.step(place[-1])
            rewards.append(reward)
            ahead = 0.0
            if not over:
                state = self._table.state(seen)  # type: ignore[arg-type]
                ahead = settings.discount_per_s ** (info["now_s"] - from_s) * values[state].max()
            visits[place] += 1
            values[place] += max(settings.step_size, 1.0 / visits[place]) * (reward + ahead - values[place])
            self._steps += 1
        return float(sum(rewards)) if rewards else nan

    def _save(self) -> None:
        state = {
            "steps": self._steps, "episodes": self._episodes, "values": self._table.values.ravel().tolist(),
            "visits": self._visits.ravel().tolist(), "random": self._random.bit_generator.state,
        }  # fmt: skip
        self._path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(self._path, json.dumps(state))

    def _restore(self) -> None:
        try:
            state: Any = json.loads(self._path.read_text(encoding="utf-8"))
            shape = self._table.values.shape
            self._table.values[...] = np.array(state["values"], np.float64).reshape(shape)
            self._visits[...] = np.array(state["visits"], np.int64).reshape(shape)
            self._random.bit_generator.state = state["random"]
            self._steps, self._episodes = int(state["steps"]), int(state["episodes"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{self._path}: cannot be read ({error}); delete it to begin anew, or choose another output_dir") from None
