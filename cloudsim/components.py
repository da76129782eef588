"""Making the object that a `_target_` names."""

from typing import Any

from cloudsim.composition.components import import_target
from cloudsim.config import Component
from cloudsim.errors import ConfigError


def create(component: Component, path: str) -> Any:
    """A new object of the class that `component` names; `ConfigError` at `path` if it cannot be made."""
    try:
        return import_target(component.target)(**component.arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{path}: {component.target}: {error}") from error
