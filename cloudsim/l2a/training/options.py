"""The options of a stage or of a base model, checked against the signature of the class or function that takes them."""

import json
from collections.abc import Collection, Mapping
from inspect import Parameter, signature
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation

from cloudsim.composition.components import TAKES_NAMES, import_target
from cloudsim.composition.schema import Problem, problem_of
from cloudsim.config import Component
from cloudsim.errors import CloudsimError, ConfigError

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=())
OPEN = ConfigDict(extra="allow", strict=True, allow_inf_nan=False, protected_namespaces=())


def option_problems(path: str, target: str, options: Mapping[str, Any], given: Collection[str] = ()) -> list[Problem]:
    """Everything that is wrong with `options`: unknown, missing, of a wrong type, or outside the limits of the annotation.

    Args:
        path: where they stand in the configuration.
        target: module.Class or module.function.
        options: its arguments, as the configuration has them.
        given: arguments that the program fills in.
    """
    try:
        schema = _schema(target, given)
    except ConfigError as error:
        return [Problem(f"{path}._target_", f"{path}._target_: {error}")]
    try:
        _read(schema, options)
    except ValidationError as error:
        described = schema.model_json_schema(by_alias=True)
        problems = [problem_of(fault, described) for fault in error.errors(include_url=False)]
        return [Problem(f"{path}.{problem.path}", f"{path}.{problem.text}") for problem in problems]
    return []


def make(path: str, component: Component, options: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    """Call the target of `component` with its options and with those of `given` that it takes.

    Raises:
        ConfigError: it refuses its arguments.
    """
    schema = _schema(component.target, given)
    checked = _read(schema, options)
    target = import_target(component.target)
    taken = {name: value for name, value in given.items() if name in _parameters(target)}
    chosen = {name: getattr(checked, name) for name in options}
    try:
        return target(**chosen, **taken)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{path}: {component.target}: {error}") from error
    except CloudsimError as error:
        raise ConfigError(*(f"{path}: {problem}" for problem in error.problems)) from error
    except Exception as error:
        # transformers checks a model's sizes with exceptions of its own.
        if type(error).__module__.partition(".")[0] == "huggingface_hub":
            raise ConfigError(f"{path}: {component.target}: {' '.join(str(error).split())}") from error
        raise


def _read(schema: type[BaseModel], options: Mapping[str, Any]) -> BaseModel:
    # As JSON, in which a list may stand for a tuple and a word for a member of an enumeration, and nothing else is converted.
    return schema.model_validate_json(json.dumps(options))


def _schema(target: str, given: Collection[str]) -> type[BaseModel]:
    made = import_target(target)
    if not callable(made):
        raise ConfigError(f"{target!r} is neither a class nor a function")
    parameters = {name: parameter for name, parameter in _parameters(made).items() if name not in given}
    fields: dict[str, Any] = {
        name: (_annotation(parameter), ... if parameter.default is Parameter.empty else None)
        for name, parameter in parameters.items()
        if parameter.kind in TAKES_NAMES
    }
    is_open = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values())
    schema: type[BaseModel] = create_model("Options", __config__=OPEN if is_open else STRICT, **fields)
    return schema


def _parameters(target: Any) -> Mapping[str, Parameter]:
    return signature(target).parameters


def _annotation(parameter: Parameter) -> Any:
    """The type of an argument; anything where it has none, or one that pydantic cannot check (such as a tensor)."""
    if parameter.annotation is Parameter.empty or isinstance(parameter.annotation, str):
        return Any
    try:
        TypeAdapter(parameter.annotation)
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation):
        return Any
    return parameter.annotation
