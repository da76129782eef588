"""The policies that can be named in a configuration: those of `experiments/`, of a user's folder and of installed packages."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from inspect import getdoc
from itertools import takewhile
from typing import Any

import yaml

from cloudsim.components import create
from cloudsim.composition.components import POLICIES
from cloudsim.composition.overrides import Composer
from cloudsim.config import Component
from cloudsim.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Entry:
    """One policy of the configuration.

    Args:
        kind: configuration group, such as "routing".
        name: by which it is chosen.
        component: `_target_` and arguments.
        rule: the comment that its file begins with, or the first sentence of the class's documentation.
        source: paper or system it comes from; empty if it names none.
        oracle: what it knows that nobody can know; then it is a bound.
        observes: what it declares to look at; None if it declares nothing.
        problem: why it cannot be used; empty if it can.
    """

    kind: str
    name: str
    component: Mapping[str, Any]
    rule: str
    source: str
    oracle: tuple[str, ...]
    observes: tuple[str, ...] | None
    problem: str = ""


def policy_entries(composer: Composer, kinds: tuple[str, ...] = POLICIES) -> list[Entry]:
    """All entries of the given kinds, in order of kind and name."""
    return [_entry(kind, name, composer.file(kind, name)) for kind in kinds for name in composer.options(kind)]


def _entry(kind: str, name: str, file: Traversable) -> Entry:
    text = file.read_text(encoding="utf-8")
    component: Any = yaml.safe_load(text)
    try:
        if not isinstance(component, Mapping) or not isinstance(component.get("_target_"), str):
            raise ConfigError(f"{file}: has no _target_, which names the class of the policy")
        made = create(Component.model_validate(component), f"{kind}.{name}")
    except ConfigError as error:
        component = component if isinstance(component, Mapping) else {}
        return Entry(kind, name, component, "", "", (), None, str(error))
    observes = getattr(made, "observes", None)
    rule = _comment(text) or (getdoc(made) or "").split("\n\n")[0].replace("\n", " ")
    return Entry(
        kind, name, component, rule, getattr(made, "source", ""), tuple(getattr(made, "oracle", ())),
        tuple(observes) if isinstance(observes, tuple | list | frozenset) else None,
    )  # fmt: skip


def _comment(text: str) -> str:
    """The comment lines that a file begins with, as one."""
    lines = takewhile(lambda line: line.startswith("#"), text.splitlines())
    return " ".join(line.lstrip("# ") for line in lines)
