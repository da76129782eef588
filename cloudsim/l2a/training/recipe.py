"""From the words of a command line to a training that can start, or to one error with every problem at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cloudsim.composition.overrides import Composer
from cloudsim.composition.schema import Problem, problem_of
from cloudsim.composition.spelling import did_you_mean
from cloudsim.errors import ConfigError
from cloudsim.l2a.tasks.families import split
from cloudsim.l2a.training.config import TrainingConfig
from cloudsim.l2a.training.options import option_problems

CONFIG_NAME, GROUP = "training", "recipe"
GIVEN = ("model", "steps", "mixture", "name")
"""Arguments of a stage that the program fills in, where it takes them."""

COMMON = ("loop", "mixture")
SOURCE = "problems"
GIVEN_TO_SOURCE = ("model", "seed", "problems", "rows")
OWN = ("_target_", "steps", SOURCE, *COMMON)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training that can start.

    Args:
        config: checked.
        tree: the keys as they were composed; equal trees make equal models.
    """

    config: TrainingConfig
    tree: dict[str, Any]


def compose(overrides: Sequence[str], config_dir: Path | None = None) -> Recipe:
    """Compose and check the training that `overrides` describe.

    Args:
        overrides: Hydra overrides, such as `+recipe=smoke` and `stages.pretraining.steps=100`.
        config_dir: a folder of the user's own with further recipes, or None.

    Raises:
        ConfigError: one line for each problem.
    """
    with Composer(config_dir, CONFIG_NAME) as composer:
        found = composer.compose(overrides)
        recipes = composer.options(GROUP)
    config, problems = check_tree(found.tree)
    empty = found.tree.get("stages") == {}
    lines = [*found.problems, *(one.text for one in problems if one.path not in found.unresolved and not (empty and _of_base(one)))]
    if empty and not any(GROUP in word for word in found.left_out):
        lines.append(f"stages: there are none; choose a recipe, such as +{GROUP}={recipes[0]}; available: {', '.join(recipes)}")
    if config is None or lines:
        raise ConfigError(*dict.fromkeys(lines))
    return Recipe(config, found.tree)


def _of_base(problem: Problem) -> bool:
    # A recipe brings base and stages together, so one that is missing is told once.
    return problem.path.startswith("base")


def check_tree(tree: Mapping[str, Any]) -> tuple[TrainingConfig | None, list[Problem]]:
    """The configuration that `tree` holds, or None where it breaks the schema; and every problem that was found."""
    merged, inherited = _merged(tree)
    problems: list[Problem] = []
    config = None
    try:
        config = TrainingConfig.model_validate(merged)
    except ValidationError as error:
        schema = TrainingConfig.model_json_schema(by_alias=True)
        problems = [problem_of(fault, schema) for fault in error.errors(include_url=False)]
        problems = [problem for problem in problems if problem.path not in inherited]
    return config, [*problems, *_component_problems(merged), *_family_problems(merged, inherited)]


def _merged(tree: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The tree with the common loop and mixture laid under those of each stage, and the paths that were added."""
    stages, inherited = tree.get("stages"), set[str]()
    if not isinstance(stages, Mapping):
        return dict(tree), inherited
    merged: dict[str, Any] = {}
    for name, stage in stages.items():
        merged[name] = dict(stage) if isinstance(stage, Mapping) else stage
        for part in COMMON if isinstance(stage, Mapping) else ():
            common, own = tree.get(part), stage.get(part, {})
            if isinstance(common, Mapping) and isinstance(own, Mapping):
                merged[name][part] = {**common, **own}
                inherited.update(f"stages.{name}.{part}.{key}" for key in common if key not in own)
    return {**tree, "stages": merged}, inherited


def _component_problems(tree: Mapping[str, Any]) -> list[Problem]:
    stages = tree.get("stages")
    nodes: list[tuple[str, Any, Sequence[str], Sequence[str]]] = [("base", tree.get("base"), ("_target_",), ())]
    nodes.append((SOURCE, tree.get(SOURCE), ("_target_",), GIVEN_TO_SOURCE))
    for name, node in stages.items() if isinstance(stages, Mapping) else ():
        nodes.append((f"stages.{name}", node, OWN, GIVEN))
        if isinstance(node, Mapping):
            nodes.append((f"stages.{name}.{SOURCE}", node.get(SOURCE), ("_target_",), GIVEN_TO_SOURCE))
    return [
        problem
        for path, node, own, given in nodes
        if isinstance(node, Mapping) and isinstance(node.get("_target_"), str) and "." in node["_target_"]
        for problem in option_problems(path, node["_target_"], {name: node[name] for name in node if name not in own}, given)
    ]


def _family_problems(tree: Mapping[str, Any], inherited: set[str]) -> list[Problem]:
    known = [family.name for family in split("id")]
    stages = tree.get("stages")
    parts = {"mixture": tree.get("mixture")}
    parts |= {f"stages.{name}.mixture": node.get("mixture") for name, node in stages.items() if isinstance(node, Mapping)} if stages else {}
    problems = []
    for path, part in parts.items():
        names = part.get("families") if isinstance(part, Mapping) else None
        for name in names if isinstance(names, list) and f"{path}.families" not in inherited else ():
            if isinstance(name, str) and name not in known:
                text = f"{path}.families: found {name!r}; {did_you_mean(name, known)}accepted: {', '.join(known)}"
                problems.append(Problem(f"{path}.families", text))
    return problems
