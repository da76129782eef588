"""Checks what a composed configuration says of itself: the schema, and the classes it names."""

from collections.abc import Mapping
from typing import Any

from cloudsim.composition.components import component_problems
from cloudsim.composition.schema import Problem, parse
from cloudsim.config import RunConfig


def check_tree(tree: Mapping[str, Any]) -> tuple[RunConfig | None, list[Problem]]:
    """Check a composed and resolved configuration.

    Args:
        tree: the keys of `RunConfig`.

    Returns:
        The configuration, or None where it breaks the schema; and every problem that was found.
    """
    config, problems = parse(tree)
    return config, [*problems, *component_problems(tree)]
