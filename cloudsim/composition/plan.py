"""Composes and checks what a command line asks for, and collects every problem that stands in its way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudsim.composition.check import check_tree
from cloudsim.composition.fairness import contender_problems
from cloudsim.composition.overrides import Composer, Composition, override_key
from cloudsim.composition.schema import Problem
from cloudsim.config import RunConfig
from cloudsim.errors import ConfigError

Semantics = Callable[[RunConfig], list[str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that can start: its configuration and the folders Hydra will use."""

    config: RunConfig
    run_folder: Path
    sweep_folder: Path


def compose(overrides: Sequence[str], config_dir: Path | None, semantics: Semantics) -> Plan:
    """Compose, check and return the run that `overrides` describe.

    Args:
        overrides: Hydra overrides, such as `+experiment=spot_preemption` and `seed=1`.
        config_dir: a folder of the user's own with further configuration groups, or None.
        semantics: problems that the schema cannot see, such as a model that does not fit its GPU; called once the schema holds.

    Raises:
        ConfigError: one line for each problem; overrides that cannot be applied, schema, components and semantics together.
    """
    with Composer(config_dir) as composer:
        found = composer.compose(overrides)
        config, problems = check_tree(found.tree)
        problems = [problem for problem in problems if problem.path not in found.unresolved]
        lines = [*found.problems, *(problem.text for problem in problems)]
        # Without contenders because an experiment could not be read: that is told already.
        if not any("contender" in word or "experiment" in word for word in found.left_out):
            lines += contender_problems(found.tree, composer.options("experiment"))
        lines += semantics(config) if config is not None and not problems else _behind(composer, found, problems, semantics)
    if config is None or lines:
        raise ConfigError(*dict.fromkeys(lines))
    return Plan(config, Path(found.run_folder), Path(found.sweep_folder))


def _behind(composer: Composer, found: Composition, problems: Sequence[Problem], semantics: Semantics) -> list[str]:
    """Semantic problems of what is left without the overrides that caused `problems`, so that these too are told at once."""
    innocent = [word for word in found.applied if not any(_related(override_key(word), problem.path) for problem in problems)]
    rest = composer.compose(innocent)
    config, remaining = check_tree(rest.tree)
    return semantics(config) if config is not None and not remaining and not rest.problems else []


def _related(key: str, path: str) -> bool:
    """Whether one of the two lies within the other."""
    return f"{path}.".startswith(f"{key}.") or f"{key}.".startswith(f"{path}.")
