"""One training of a policy from its configuration to its comparison, in a folder that an interrupted one goes on in."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from cloudsim import __version__, simulation
from cloudsim.atomic_file import replace_text
from cloudsim.composition.overrides import Composer
from cloudsim.composition.plan import compose as compose_run
from cloudsim.composition.schema import problem_of
from cloudsim.config import RunConfig
from cloudsim.errors import ConfigError
from cloudsim.learning.budget_decider import Choose
from cloudsim.learning.comparison import Arena, compare
from cloudsim.learning.config import LearningConfig
from cloudsim.learning.learner import BudgetLearner
from cloudsim.learning.progress import LearningProgress

if TYPE_CHECKING:
    from cloudsim.env import ServingEnv

CONFIG, COMPARISON, TRAINING = "config.json", "comparison.json", "training.json"
POLICY, UNTRAINED, CHECKPOINT = "policy", "untrained", "checkpoint"
FREE = ("json", "output_dir", "comparison")
"""Keys that may differ between two sessions of one training."""


def compose(overrides: Sequence[str], config_dir: Path | None = None) -> tuple[LearningConfig, RunConfig]:
    """The training that `overrides` describe, and the experiment it takes place in.

    Raises:
        ConfigError: one line for each problem.
    """
    with Composer(config_dir, "learning") as composer:
        found = composer.compose(overrides)
    lines = list(found.problems)
    try:
        config = LearningConfig.model_validate(found.tree)
    except ValidationError as error:
        described = LearningConfig.model_json_schema(by_alias=True)
        problems = [problem_of(fault, described) for fault in error.errors(include_url=False)]
        lines += [problem.text for problem in problems if problem.path not in found.unresolved]
        raise ConfigError(*dict.fromkeys(lines)) from None
    if config.comparison.seed == config.seed:
        lines.append(f"comparison.seed: found {config.seed}, the seed of the training; give another one")
    if lines:
        raise ConfigError(*lines)
    words = [f"+experiment={config.experiment}", f"seed={config.seed}", *config.overrides]
    needed = (config.contender, *config.comparison.rivals)
    experiment = compose_run(words, config_dir, lambda found: simulation.problems(_with(found, needed))).config
    places = {"contender": [config.contender], "comparison.rivals": config.comparison.rivals}
    known = ", ".join(experiment.contenders)
    for place, names in places.items():
        lines += [f"{place}: found {name!r}; the experiment has {known}" for name in names if name not in experiment.contenders]
    if lines:
        raise ConfigError(*lines)
    return config, _with(experiment, needed)


def _with(experiment: RunConfig, contenders: Sequence[str]) -> RunConfig:
    """The experiment with these contenders alone: another one may want the policy that is to be trained."""
    kept = {name: one for name, one in experiment.contenders.items() if name in contenders}
    return experiment.model_copy(update={"contenders": kept})


def run(config: LearningConfig, experiment: RunConfig, command: str) -> dict[str, Any]:
    """Train, compare, and write the folder; returns the document of the comparison.

    Raises:
        ConfigError: the training cannot start, or not in this folder; nothing was written.
        ModelError: its checkpoint cannot be used.
        SimulationError: a run failed.
    """
    from cloudsim.env import ServingEnv

    folder, tree = Path(config.output_dir), config.model_dump(by_alias=True)
    before = _before(folder, tree)

    def environment() -> ServingEnv:
        return ServingEnv(experiment, config.contender, "budget", config.reward, config.hold_s)

    first = environment()
    task = first.budget_task
    learner = _learner(config, first, environment, folder / CHECKPOINT)
    folder.mkdir(parents=True, exist_ok=True)
    if before is None:
        replace_text(folder / CONFIG, json.dumps(tree, indent=1) + "\n")
        learner.write(folder / UNTRAINED)
    untrained, began_s = _stored(config.algorithm, folder / UNTRAINED), time.perf_counter()
    cpu_s = time.process_time()
    arena = Arena(experiment, config.contender, task, config.reward)
    with LearningProgress(folder, config.steps) as progress:
        learner.train(progress.learnt)
        facts = {
            "command": command, "version": __version__, "wall_s": round(time.perf_counter() - began_s, 1),
            "cpu_s": round(time.process_time() - cpu_s, 1), "packages": _packages(),
        }  # fmt: skip
        learner.write(folder / POLICY)
        trained = _stored(config.algorithm, folder / POLICY)  # what is compared is what others will load
        document = compare(config, arena, untrained, trained, progress.played)
    replace_text(folder / TRAINING, json.dumps(facts, indent=1) + "\n")
    replace_text(folder / COMPARISON, json.dumps(document, indent=1) + "\n")
    return document


def _before(folder: Path, tree: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What an earlier session was asked for; None where there was none."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"output_dir: {folder} is a file; choose another output_dir")
    path = folder / CONFIG
    if not path.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise ConfigError(f"output_dir: {folder} is not empty and holds no training of a policy; choose another output_dir")
        return None
    try:
        before: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"output_dir: {path} cannot be read ({error}); choose another output_dir") from None
    changed = [key for key in tree if key not in FREE and before.get(key) != tree[key]]
    if changed:
        raise ConfigError(f"output_dir: {folder} holds a training with another {', '.join(changed)}; choose another output_dir")
    return before


def _learner(config: LearningConfig, first: "ServingEnv", more: Callable[[], "ServingEnv"], checkpoint: Path) -> BudgetLearner:
    if config.algorithm == "ppo":
        from cloudsim.learning.ppo import PpoLearner

        rest = (more() for _ in range(config.ppo.environments - 1))
        return PpoLearner(config, first.budget_task, [first, *rest], checkpoint)
    from cloudsim.learning.q_learning import QLearner

    try:
        return QLearner(config, first.budget_task, first, checkpoint)
    except ValueError as error:
        raise ConfigError(f"q_learning.{error}") from None


def _stored(algorithm: str, folder: Path) -> Choose:
    """The choices of a policy that was written."""
    if algorithm == "ppo":
        from cloudsim.learning.network import read_network

        return read_network(folder)[1].choose
    from cloudsim.learning.q_table import read_table

    return read_table(folder).choose


def _packages() -> dict[str, str]:
    names = ("gymnasium", "greenlet", "numpy", "stable-baselines3", "torch")
    found = {}
    for name in names:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
