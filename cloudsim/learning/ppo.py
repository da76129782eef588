"""Proximal policy optimisation by stable-baselines3, with checkpoints that are not pickles."""

import json
import os
from itertools import count
from math import nan
from pathlib import Path
from statistics import fmean
from typing import Any

import gymnasium

from cloudsim.atomic_file import replace_text
from cloudsim.env import ServingEnv
from cloudsim.env.modes import Observation
from cloudsim.errors import ConfigError, ModelError
from cloudsim.learning.config import PpoConfig
from cloudsim.learning.learner import Report, Watch
from cloudsim.learning.network import Network, write_network

STATE, TENSORS = "ppo.json", "ppo.safetensors"
ADAM = ("step", "exp_avg", "exp_avg_sq")


class Episodes(gymnasium.Wrapper[Observation, Any, Observation, Any]):
    """Replications of one seed, none of them twice, whichever of several environments plays them.

    Args:
        env: the environment.
        seed: of all episodes.
        numbers: of the replications, shared by the environments.
        scale: of the rewards.
        ended: gets the unscaled sum of each episode's rewards.
    """

    def __init__(self, env: ServingEnv, seed: int, numbers: "count[int]", scale: float, ended: list[float]) -> None:
        super().__init__(env)
        self._seed, self._numbers, self._scale, self._ended, self._sum = seed, numbers, scale, ended, 0.0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict[str, Any]]:
        """The next replication, whatever the arguments."""
        self._sum = 0.0
        return self.env.reset(seed=self._seed, options={"replication": next(self._numbers)})

    def step(self, action: Any) -> tuple[Observation, Any, bool, bool, dict[str, Any]]:
        """See `ServingEnv`."""
        seen, reward, over, cut, info = self.env.step(action)
        self._sum += float(reward)
        if over:
            self._ended.append(self._sum)
        return seen, float(reward) * self._scale, over, cut, info


class PpoLearner:
    """PPO (arXiv 1707.06347) as stable-baselines3 has it, with tanh networks for policy and value, on one thread.

    After each update a checkpoint is written: weights and Adam's moments as safetensors. A training that was killed goes on from there with
    replications it has not played and a new stream of random numbers, so it ends near, not at, what it would have been.

    Args:
        settings: of the algorithm.
        steps: decisions it takes; the last update may go a little beyond them.
        seed: of its random numbers and of the episodes.
        envs: in which it learns, side by side.
        folder: of the checkpoint.

    Raises:
        ConfigError: stable-baselines3 is not installed.
        ModelError: the checkpoint cannot be read, or belongs to another network.
    """

    def __init__(self, settings: PpoConfig, steps: int, seed: int, envs: list[ServingEnv], folder: Path) -> None:
        try:
            import torch
            from stable_baselines3 import PPO
            from stable_baselines3.common.vec_env import DummyVecEnv
        except ModuleNotFoundError as error:
            raise ConfigError(f"PPO needs {error.name}: pip install -c constraints.txt -e '.[rl]'") from None
        self._last, self._task, self._envs, self._folder = steps, envs[0].budget_task, envs, folder
        done = self._begun()
        self._steps, self._began = int(done.get("steps", 0)), int(done.get("episodes", 0))
        self._played, self._told = int(done.get("played", 0)), 0
        self._sums: list[float] = []  # of the episodes of this session
        numbers = count(self._played)
        played = [Episodes(env, seed, numbers, settings.reward_scale, self._sums) for env in envs]
        self._model = PPO(
            "MultiInputPolicy", DummyVecEnv([lambda env=env: env for env in played]), learning_rate=settings.learning_rate,  # type: ignore[misc]
            n_steps=settings.rollout_steps, batch_size=settings.batch, n_epochs=settings.epochs, gamma=settings.discount,
            gae_lambda=settings.gae_lambda, clip_range=settings.clip, ent_coef=settings.entropy,
            policy_kwargs={"net_arch": list(settings.hidden), "activation_fn": torch.nn.Tanh}, seed=seed + self._steps, device="cpu",
        )  # fmt: skip
        if done:
            self._restore()

    def network(self) -> Network:
        """The policy's network, without the value's beside it."""
        from torch import nn

        policy = self._model.policy
        parts = [*policy.mlp_extractor.policy_net, policy.action_net]
        layers = (part for part in parts if isinstance(part, nn.Linear))
        return Network([(layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy()) for layer in layers])

    def train(self, watch: Watch) -> None:
        """See `BudgetLearner`."""
        from stable_baselines3.common.callbacks import BaseCallback

        learner = self

        class Watcher(BaseCallback):
            def _on_step(self) -> bool:
                return True

            def _on_rollout_start(self) -> None:
                learner._updated(watch)

        left = self._last - self._steps
        if left > 0:
            self._model.num_timesteps = self._steps
            from cloudsim.l2a.threads import torch_threads

            with torch_threads(1):
                self._model.learn(left, callback=Watcher(), reset_num_timesteps=False)
            self._updated(watch)
            for env in self._envs:
                env.close()

    def write(self, folder: Path) -> None:
        """See `BudgetLearner`."""
        write_network(folder, self._task, self.network())

    def _updated(self, watch: Watch) -> None:
        """Before each rollout: what the last one taught is kept and told."""
        steps = self._model.num_timesteps
        if steps == self._steps:
            return
        self._steps = steps
        episodes = self._began + len(self._sums)
        self._save()
        watch(Report(steps, episodes, fmean(self._sums[self._told :]) if len(self._sums) > self._told else nan))
        self._told = len(self._sums)

    def _save(self) -> None:
        from safetensors.torch import save_file

        optimizer = self._model.policy.optimizer.state_dict()["state"]
        tensors = {f"policy.{name}": tensor.contiguous() for name, tensor in self._model.policy.state_dict().items()}
        tensors |= {f"adam.{at}.{part}": state[part].contiguous() for at, state in optimizer.items() for part in ADAM}
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f".{TENSORS}-{os.getpid()}"
        save_file(tensors, partial)
        partial.replace(self._folder / TENSORS)
        ended = len(self._sums)
        played = self._played + ended + self._model.n_envs  # each environment has an episode under way
        replace_text(self._folder / STATE, json.dumps({"steps": self._steps, "episodes": self._began + ended, "played": played}))

    def _begun(self) -> dict[str, int]:
        path = self._folder / STATE
        if not path.is_file():
            return {}
        try:
            state: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
            return {name: int(state[name]) for name in ("steps", "episodes", "played")}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{path}: cannot be read ({error}); delete it to begin anew, or choose another output_dir") from None

    def _restore(self) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        path, policy = self._folder / TENSORS, self._model.policy
        try:
            tensors = load_file(path)
            policy.load_state_dict({name.removeprefix("policy."): one for name, one in tensors.items() if name.startswith("policy.")})
            state = policy.optimizer.state_dict()
            places = sorted({int(name.split(".")[1]) for name in tensors if name.startswith("adam.")})
            state["state"] = {at: {part: tensors[f"adam.{at}.{part}"] for part in ADAM} for at in places}
            policy.optimizer.load_state_dict(state)
        except (OSError, SafetensorError, RuntimeError, KeyError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise ModelError(f"{path}: cannot be used ({reason}); delete its folder to begin anew, or choose another output_dir") from None
