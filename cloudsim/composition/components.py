"""Looks at the classes that `_target_` names: can they be imported, and do their constructors take the given arguments?

An argument may itself hold components, in mappings and lists of any depth; each is looked at under its own path.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from inspect import Parameter, signature
from typing import Any

from cloudsim.composition.schema import Problem
from cloudsim.composition.spelling import did_you_mean
from cloudsim.errors import ConfigError

POLICIES = ("admission", "routing", "budget", "effort", "scheduling", "cache", "notice", "scaling", "provisioning")
"""Kinds of policies. A contender without one for effort lets its levels decide, without scheduling it serves first come, first served,
without a cache no KV is kept, and without scaling it keeps its instances."""
TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
TAKES_NAMES = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


def component_problems(tree: Mapping[str, Any]) -> list[Problem]:
    """Every component of the configuration that could not be built."""
    return [problem for path, node in _components(tree) for problem in _problems(path, node)]


def argument_names(target: str) -> list[str]:
    """Names of the arguments that the class `target` takes; none where it cannot be imported."""
    try:
        return [name for name, parameter in _parameters(target).items() if parameter.kind in TAKES_NAMES]
    except ConfigError:
        return []


def target_problem(target: object) -> str:
    """What is wrong with the words of a `_target_`; empty if they may name a class."""
    return "" if isinstance(target, str) and TARGET.fullmatch(target) else f"found {target!r}; give module.Class"


def import_target(target: str) -> Any:
    """The object that `target` (module.Class) names.

    Raises:
        ConfigError: there is no such module or no such name in it, or its import fails.
    """
    module_name, _, name = target.rpartition(".")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"cannot import {target!r}: {error}; give module.Class of a module on Python's path (the working folder is on it)"
        ) from None
    except Exception as error:  # a user's module may fail in any way
        raise ConfigError(f"importing {module_name!r} failed: {type(error).__name__}: {error}") from error
    if not hasattr(module, name):
        hint = did_you_mean(name, vars(module), [module_name])
        raise ConfigError(f"module {module_name!r} has no {name!r}; {hint}give a class that is in it")
    return getattr(module, name)


def _components(tree: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    contenders = tree.get("contenders")
    named = {name: tree.get(name) for name in ("traffic", "spot", "hardware", "grid")}
    for contender, parts in contenders.items() if isinstance(contenders, Mapping) else ():
        for policy in POLICIES if isinstance(parts, Mapping) else ():
            named[f"contenders.{contender}.{policy}"] = parts.get(policy)
    for path, node in named.items():
        if isinstance(node, Mapping) and not target_problem(node.get("_target_")):  # else the schema complains
            yield path, node
            for name, value in node.items():
                yield from _nested(f"{path}.{name}", value)


def _nested(path: str, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The components in an argument."""
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        inner = value.items()
        if "_target_" in value:
            yield path, value
    elif isinstance(value, list):
        inner = enumerate(value)
    for name, entry in inner:
        yield from _nested(f"{path}.{name}", entry)


def _problems(path: str, node: Mapping[str, Any]) -> Iterator[Problem]:
    problem = target_problem(node["_target_"])
    if problem:
        yield Problem(f"{path}._target_", f"{path}._target_: {problem}")
        return
    try:
        parameters = _parameters(node["_target_"])
    except ConfigError as error:
        yield Problem(f"{path}._target_", f"{path}._target_: {error}")
        return
    accepted = [name for name, parameter in parameters.items() if parameter.kind in TAKES_NAMES]
    given = [name for name in node if name != "_target_"]
    if not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()):
        for name in given:
            if name not in accepted:
                hint = did_you_mean(name, accepted)
                yield Problem(f"{path}.{name}", f"{path}.{name}: {node['_target_']} has no such argument; {hint}{_accepted(accepted)}")
    for name in accepted:
        if parameters[name].default is Parameter.empty and name not in given:
            yield Problem(f"{path}.{name}", f"{path}.{name}: missing; {node['_target_']} needs it; write +{path}.{name}=VALUE")


def _accepted(names: list[str]) -> str:
    return f"accepted: {', '.join(names)}" if names else "it takes none"


def _parameters(target: str) -> Mapping[str, Parameter]:
    component = import_target(target)
    if not callable(component):
        raise ConfigError(f"{target!r} is not a class")
    try:
        return signature(component).parameters
    except (TypeError, ValueError):  # some built-in callables have no signature to look at
        return {"arguments": Parameter("arguments", Parameter.VAR_KEYWORD)}
