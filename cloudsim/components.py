"""Making the object that a `_target_` names."""

from collections.abc import Mapping
from typing import Any

from cloudsim.composition.components import import_target, target_problem
from cloudsim.config import Component
from cloudsim.errors import ConfigError


def create(component: Component, path: str) -> Any:
    """A new object of the class that `component` names; where its arguments name classes in turn, it gets objects of these.

    Raises:
        ConfigError: one of them cannot be made; the message begins with its path, that of `component` being `path`.
    """
    arguments = {name: _made(value, f"{path}.{name}") for name, value in component.arguments.items()}
    try:
        return import_target(component.target)(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{path}: {component.target}: {error}") from error


def _made(value: Any, path: str) -> Any:
    """An argument with the objects it names in their places, however deep in mappings and lists."""
    if isinstance(value, Mapping):
        if "_target_" not in value:
            return {name: _made(inner, f"{path}.{name}") for name, inner in value.items()}
        problem = target_problem(value["_target_"])
        if problem:
            raise ConfigError(f"{path}._target_: {problem}")
        return create(Component.model_validate(value), path)
    if isinstance(value, list):
        return [_made(inner, f"{path}.{at}") for at, inner in enumerate(value)]
    return value
