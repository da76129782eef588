"""Resolves the interpolations (`${…}`) of a composed configuration and collects those that cannot be."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

REFERENCE = re.compile(r"\$\{([\w.-]+)\}")


@dataclass(slots=True)
class Resolved:
    """A configuration as plain mappings, without the paths that have no value.

    Args:
        tree: the configuration, without Hydra's own node.
        missing: paths that have no value.
        problems: why, one line each; a path that refers to a wrong value is not told beside that value.
    """

    tree: dict[str, Any]
    missing: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def resolve(config: DictConfig) -> Resolved:
    """Resolve `config`, as Hydra composed it."""
    faults: dict[str, tuple[str, str]] = {}
    tree = dict(_entries(config, "", faults))
    tree.pop("hydra", None)
    lines = [f"{path}: {raw} has no value: {reason}" for path, (raw, reason) in faults.items() if not _follows(raw, faults, config)]
    return Resolved(tree, set(faults), lines)


def _entries(parent: DictConfig | ListConfig, prefix: str, faults: dict[str, tuple[str, str]]) -> Iterator[tuple[str, Any]]:
    keys: list[Any] = list(range(len(parent))) if isinstance(parent, ListConfig) else list(parent)
    for key in keys:
        path = f"{prefix}{key}"
        if path == "hydra":
            continue
        try:
            value = parent[key]
        except OmegaConfBaseException as error:
            node: Any = parent._get_node(key)
            faults[path] = (str(node._value()), str(error).splitlines()[0])
            continue
        if isinstance(value, DictConfig):
            yield str(key), dict(_entries(value, f"{path}.", faults))
        elif isinstance(value, ListConfig):
            yield str(key), [entry for _, entry in _entries(value, f"{path}.", faults)]
        else:
            yield str(key), value


def _follows(raw: str, faults: dict[str, tuple[str, str]], config: DictConfig) -> bool:
    """Whether `raw` refers to something that is wrong itself: without a value, or a single value where keys should be."""
    for path in REFERENCE.findall(raw):
        above = [".".join(path.split(".")[:depth]) for depth in range(1, path.count(".") + 1)]
        if path in faults or any(name not in faults and not OmegaConf.is_config(OmegaConf.select(config, name)) for name in above):
            return True
    return False
