"""One training of a policy from its configuration to its comparison, in a folder that an interrupted one goes on in."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from cloudsim import __version__, simulation
from cloudsim.atomic_file import replace_text
from cloudsim.composition.check import check_tree
from cloudsim.composition.overrides import Composer
from cloudsim.composition.schema import Problem, problem_of
from cloudsim.config import RunConfig
from cloudsim.errors import ConfigError
from cloudsim.learning.budget_decider import Choose
from cloudsim.learning.card import card
from cloudsim.learning.comparison import Arena, compare
from cloudsim.learning.config import LearningConfig
from cloudsim.learning.learner import BudgetLearner
from cloudsim.learning.progress import LearningProgress

if TYPE_CHECKING:
    from cloudsim.env import ServingEnv

CONFIG, COMPARISON, CARD = "config.json", "comparison.json", "card.md"
POLICY, UNTRAINED, CHECKPOINT = "policy", "untrained", "checkpoint"
NAME = "learning"
FREE = ("json", "output_dir", "workers", "seeds")
"""Keys that may differ between two sessions of one training."""

PACKAGES = ("gymnasium", "greenlet", "numpy", "stable-baselines3", "torch")


@dataclass(frozen=True, slots=True)
class Course:
    """A training that can start.

    Args:
        config: of the training.
        experiment: in which it takes place, with no more contenders than are played. Its seed is that of the training too.
    """

    config: LearningConfig
    experiment: RunConfig

    @property
    def folder(self) -> Path:
        """Where everything lies."""
        return Path(self.experiment.output_dir)

    def tree(self) -> dict[str, Any]:
        """What the result hangs on."""
        tree = self.experiment.model_dump(mode="json", by_alias=True)
        tree["contenders"] = {self.config.contender: tree["contenders"][self.config.contender]}
        tree["learning"] = self.config.model_dump(mode="json", exclude={"comparison"})
        return {key: value for key, value in tree.items() if key not in FREE}

    def environment(self) -> "ServingEnv":
        """A new environment for the learner."""
        from cloudsim.env import ServingEnv

        return ServingEnv(self.experiment, self.config.contender, "budget", self.config.reward, self.config.hold_s)


def compose(overrides: Sequence[str], config_dir: Path | None = None) -> Course:
    """The training that `overrides` describe.

    Raises:
        ConfigError: one line for each problem.
    """
    with Composer(config_dir, NAME) as composer:
        found = composer.compose(overrides)
    tree = dict(found.tree)
    config, problems = _parse(tree.pop(NAME, {}))
    experiment, more = check_tree(tree)
    lines = [*found.problems, *(one.text for one in (*problems, *more) if one.path not in found.unresolved)]
    if config is None or experiment is None or lines:
        raise ConfigError(*dict.fromkeys(lines))
    if config.comparison.seed == experiment.seed:
        lines.append(f"learning.comparison.seed: found {experiment.seed}, the seed of the training; give another one")
    known = ", ".join(experiment.contenders)
    for place, names in (("contender", [config.contender]), ("comparison.rivals", config.comparison.rivals)):
        unknown = [name for name in names if name not in experiment.contenders]
        lines += [f"learning.{place}: found {name!r}; the experiment has {known}" for name in unknown]
    # Another contender may want the policy that is to be trained.
    played = {name: one for name, one in experiment.contenders.items() if name in (config.contender, *config.comparison.rivals)}
    experiment = experiment.model_copy(update={"contenders": played})
    lines += simulation.problems(experiment)
    if lines:
        raise ConfigError(*lines)
    return Course(config, experiment)


def _parse(tree: Any) -> tuple[LearningConfig | None, list[Problem]]:
    try:
        return LearningConfig.model_validate(tree), []
    except ValidationError as error:
        schema = LearningConfig.model_json_schema()
        found = [problem_of(fault, schema) for fault in error.errors(include_url=False)]
        return None, [Problem(f"{NAME}.{one.path}", f"{NAME}.{one.text}") for one in found]


def run(course: Course, command: str) -> dict[str, Any]:
    """Train, compare, and write the folder; returns the document of the comparison.

    Raises:
        ConfigError: the training cannot start, or not in this folder; nothing was written.
        ModelError: its checkpoint cannot be used.
        SimulationError: a run failed.
    """
    config, folder, tree = course.config, course.folder, course.tree()
    _check(folder, tree)
    first = course.environment()
    learner = _learner(course, first, folder / CHECKPOINT)
    folder.mkdir(parents=True, exist_ok=True)
    replace_text(folder / CONFIG, json.dumps(tree, indent=1) + "\n")
    if not (folder / UNTRAINED).is_dir():
        learner.write(folder / UNTRAINED)
    untrained = _stored(config.algorithm, folder / UNTRAINED)
    arena = Arena(course.experiment, config.contender, first.budget_task, config.reward)
    with LearningProgress(folder, config.steps) as progress:
        learner.train(progress.learnt)
        learner.write(folder / POLICY)
        trained = _stored(config.algorithm, folder / POLICY)  # what is compared is what others will load
        compared = compare(config.comparison, arena, untrained, trained, progress.played)
        document = {"training": _facts(course, command, progress.spent()), **compared}
    replace_text(folder / COMPARISON, json.dumps(document, indent=1) + "\n")
    replace_text(folder / POLICY / CARD, card(document))
    return document


def _check(folder: Path, tree: Mapping[str, Any]) -> None:
    """The folder is new, or holds a part of the same training; `ConfigError` if not."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"output_dir: {folder} is a file; choose another output_dir")
    path = folder / CONFIG
    if not path.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise ConfigError(f"output_dir: {folder} is not empty and holds no training of a policy; choose another output_dir")
        return
    try:
        before: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"output_dir: {path} cannot be read ({error}); choose another output_dir") from None
    changed = [key for key in tree if before.get(key) != tree[key]]
    if changed:
        raise ConfigError(f"output_dir: {folder} holds a training with another {', '.join(changed)}; choose another output_dir")


def _learner(course: Course, first: "ServingEnv", checkpoint: Path) -> BudgetLearner:
    config, seed = course.config, course.experiment.seed
    if config.algorithm == "ppo":
        from cloudsim.learning.ppo import PpoLearner

        rest = (course.environment() for _ in range(config.ppo.environments - 1))
        return PpoLearner(config.ppo, config.steps, seed, [first, *rest], checkpoint)
    from cloudsim.learning.q_learning import QLearner

    try:
        return QLearner(config.q_learning, config.steps, seed, first, checkpoint)
    except ValueError as error:
        raise ConfigError(f"learning.q_learning.{error}") from None


def _stored(algorithm: str, folder: Path) -> Choose:
    """The choices of a policy that was written."""
    if algorithm == "ppo":
        from cloudsim.learning.network import read_network

        return read_network(folder)[1].choose
    from cloudsim.learning.q_table import read_table

    return read_table(folder).choose


def _facts(course: Course, command: str, spent: Mapping[str, float]) -> dict[str, Any]:
    """How the policy came about."""
    packages = {}
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            packages[name] = metadata.version(name)
    reward = ", ".join(f"{name} {weight:g}" for name, weight in course.config.reward.model_dump().items())
    said = {"command": command, "algorithm": course.config.algorithm, "seed": course.experiment.seed, "reward": reward}
    return {**said, **spent, "version": __version__, "packages": packages}
