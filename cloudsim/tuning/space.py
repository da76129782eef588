"""What a search may change: dotted keys of a contender, each with a range or with choices."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import Field, ValidationError, model_validator

from cloudsim.composition.components import POLICIES
from cloudsim.composition.overrides import Composer
from cloudsim.composition.spelling import did_you_mean
from cloudsim.config import Section
from cloudsim.errors import ConfigError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

GROUP, GENERIC = "tuning", "tuning/kind"
NUMBER = Annotated[int | float, Field(allow_inf_nan=False)]


class Range(Section):
    """Numbers from low to high, whole ones if both limits are; `log` for a logarithmic scale."""

    low: NUMBER
    high: NUMBER
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high})")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic scale begins above 0; low is {self.low}")
        return self

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int)


class Choices(Section):
    """A few values, of any kind that YAML has."""

    choices: Annotated[list[Any], Field(min_length=2)]


Parameter = Range | Choices
Setting = Mapping[str, Any]
"""Values by dotted key."""


@dataclass(frozen=True, slots=True)
class Space:
    """The parameters of a contender. Args: origin: the files that name them."""

    parameters: Mapping[str, Parameter]
    origin: str

    def ask(self, trial: Trial) -> dict[str, Any]:
        """The setting that the search wants to see next."""
        setting: dict[str, Any] = {}
        for key, one in self.parameters.items():
            if isinstance(one, Choices):
                setting[key] = json.loads(trial.suggest_categorical(key, [json.dumps(choice) for choice in one.choices]))
            elif one.whole:
                setting[key] = trial.suggest_int(key, int(one.low), int(one.high), log=one.log)
            else:
                setting[key] = trial.suggest_float(key, one.low, one.high, log=one.log)
        return setting

    def distributions(self) -> dict[str, BaseDistribution]:
        """The parameters as Optuna names them."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        made: dict[str, BaseDistribution] = {}
        for key, one in self.parameters.items():
            if isinstance(one, Choices):
                made[key] = CategoricalDistribution([json.dumps(choice) for choice in one.choices])
            elif one.whole:
                made[key] = IntDistribution(int(one.low), int(one.high), log=one.log)
            else:
                made[key] = FloatDistribution(one.low, one.high, log=one.log)
        return made

    def internal(self, setting: Setting) -> dict[str, Any] | None:
        """A setting as Optuna keeps it; None if it lies outside the space."""
        made: dict[str, Any] = {}
        for key, one in self.parameters.items():
            value = setting[key]
            if isinstance(one, Choices):
                if value not in one.choices:
                    return None
                made[key] = json.dumps(value)
            elif isinstance(value, bool) or not isinstance(value, int | float) or not one.low <= value <= one.high:
                return None
            else:
                made[key] = value
        return made


def value_at(tree: Any, key: str) -> Any:
    """The value at a dotted key of a contender, where a number is a place in a list; `KeyError` if there is none."""
    for part in key.split("."):
        if isinstance(tree, Mapping) and part in tree:
            tree = tree[part]
        elif isinstance(tree, list) and part.isdigit() and int(part) < len(tree):
            tree = tree[int(part)]
        else:
            raise KeyError(key)
    return tree


def changed(tree: Mapping[str, Any], setting: Setting) -> dict[str, Any]:
    """A copy of a contender with the values of `setting`; `KeyError` for a key that it lacks."""
    made: dict[str, Any] = deepcopy(dict(tree))
    for key, value in setting.items():
        value_at(made, key)
        above, _, last = key.rpartition(".")
        at: Any = value_at(made, above) if above else made
        at[int(last) if isinstance(at, list) else last] = value
    return made


def read_space(composer: Composer, name: str, contender: Mapping[str, Any], file: Path | None) -> Space:
    """The parameters of a contender: of `file`, else of tuning/NAME.yaml, else what tuning/kind/ says of its policies.

    Raises:
        ConfigError: the file cannot be read, a key of it is none of the contender, or there is nothing to tune.
    """
    if file is not None:
        if not file.is_file():
            raise ConfigError(f"space: there is no file {file}")
        return _checked(_read(file.read_text(encoding="utf-8"), str(file)), str(file), name, contender)
    if name in composer.options(GROUP):
        found = composer.file(GROUP, name)
        return _checked(_read(found.read_text(encoding="utf-8"), f"{GROUP}/{name}.yaml"), f"{GROUP}/{name}.yaml", name, contender)
    parameters: dict[str, Parameter] = {}
    known = composer.options(GENERIC)
    for kind in (kind for kind in POLICIES if kind in known and isinstance(contender.get(kind), Mapping)):
        policy = str(contender[kind].get("_target_", "")).split(".")[-2:-1]
        where = f"{GENERIC}/{kind}.yaml"
        for key, one in _read(composer.file(GENERIC, kind).read_text(encoding="utf-8"), where).items():
            of, _, argument = key.partition(".")
            if [of] == policy and f"{kind}.{argument}" in set(_leaves(contender)):
                parameters[f"{kind}.{argument}"] = one
    if not parameters:
        raise ConfigError(
            f"contender {name}: nothing to tune; there is no {GROUP}/{name}.yaml, and {GENERIC}/ names no argument of its policies. Write "
            f"the file below --config-dir, or space=FILE with lines such as budget.headroom: {{low: 0.1, high: 1.0}}"
        )
    return Space(parameters, GENERIC)


def _read(text: str, where: str) -> dict[str, Parameter]:
    try:
        written = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(written, Mapping) or not written:
        raise ConfigError(f"{where}: no parameters; expected lines such as budget.headroom: {{low: 0.1, high: 1.0}}")
    problems, parameters = [], dict[str, Parameter]()
    for key, entry in written.items():
        kind: type[Parameter] = Choices if isinstance(entry, Mapping) and "choices" in entry else Range
        try:
            parameters[str(key)] = kind.model_validate(entry)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            at = ".".join(map(str, (key, *fault["loc"])))
            problems.append(f"{where}: {at}: {fault['msg'].removeprefix('Value error, ')}; accepted: low and high, with log, or choices")
    if problems:
        raise ConfigError(*problems)
    return parameters


def _checked(parameters: Mapping[str, Parameter], where: str, name: str, contender: Mapping[str, Any]) -> Space:
    known = list(_leaves(contender))
    problems = []
    for key in parameters:
        try:
            value_at(contender, key)
        except KeyError:
            problems.append(f"{where}: {key}: contender {name} has no such key; {did_you_mean(key, known)}known: {', '.join(known)}")
    if problems:
        raise ConfigError(*problems)
    return Space(parameters, where)


def _leaves(tree: Any, prefix: str = "") -> Iterator[str]:
    """Dotted keys of all single values, `_target_` left out."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            if key != "_target_":
                yield from _leaves(value, f"{prefix}{key}.")
    elif isinstance(tree, list):
        for at, value in enumerate(tree):
            yield from _leaves(value, f"{prefix}{at}.")
    else:
        yield prefix.removesuffix(".")
