"""Checks a configuration tree against `RunConfig` and puts each broken rule in one line: path, what was found, what is accepted."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cloudsim.composition.spelling import did_you_mean
from cloudsim.config import RunConfig

Schema = Mapping[str, Any]


class Problem(NamedTuple):
    """One thing that is wrong: the path of its key, and the line a user reads."""

    path: str
    text: str


def parse(tree: Mapping[str, Any]) -> tuple[RunConfig | None, list[Problem]]:
    """The configuration that `tree` holds; or None and everything that is wrong with it."""
    try:
        return RunConfig.model_validate(tree), []
    except ValidationError as error:
        schema = RunConfig.model_json_schema(by_alias=True)
        return None, [problem_of(fault, schema) for fault in error.errors(include_url=False)]


def problem_of(fault: ErrorDetails, schema: Schema) -> Problem:
    """A fault that pydantic found, in words: where it is, what was found, what is accepted."""
    parts = [str(part) for part in fault["loc"] if part != "[key]"]
    path = ".".join(parts)
    node = _at(schema, parts, schema)
    meaning = f" ({node['description']})" if "description" in node and node.get("type") != "object" else ""
    if fault["type"] == "extra_forbidden":
        return Problem(path, f"{path}: unknown key; {_known(parts, schema)}")
    if fault["type"] == "missing":
        return Problem(path, f"{path}: missing; accepted: {_accepted(node, schema)}{meaning}")
    if fault["type"] == "value_error":
        text = fault["msg"].removeprefix("Value error, ")
        return Problem(path, f"{path}: {text}" if path else text)
    shown = repr(fault["input"])
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    if fault["loc"][-1] == "[key]":
        shown = f"the name {shown}"
        node = {"type": "string", "pattern": fault.get("ctx", {}).get("pattern", "")}
    return Problem(path, f"{path}: found {shown}; accepted: {_accepted(node, schema)}{meaning}")


def _known(parts: list[str], schema: Schema) -> str:
    names = list(_at(schema, parts[:-1], schema).get("properties", {}))
    return f"{did_you_mean(parts[-1], names, parts[:-1])}accepted: {', '.join(names)}"


def _at(node: Schema, parts: list[str], root: Schema) -> Schema:
    """The JSON schema of the key at `parts`; the keyword `description` of a key outlives the reference behind it."""
    node = _followed(node, root)
    if not parts:
        return node
    inner = node.get("properties", {}).get(parts[0]) or node.get("additionalProperties") or node.get("items") or {}
    return _at(inner, parts[1:], root) if isinstance(inner, Mapping) else {}


def _followed(node: Schema, root: Schema) -> Schema:
    reference = node.get("$ref")
    if reference is None:
        return node
    return {**_followed(root["$defs"][reference.rsplit("/", 1)[-1]], root), **{k: v for k, v in node.items() if k != "$ref"}}


def _accepted(node: Schema, root: Schema) -> str:
    """The values a schema takes, in words."""
    node = _followed(node, root)
    if "anyOf" in node:
        return " or ".join(_accepted(choice, root) for choice in node["anyOf"])
    kind = node.get("type")
    if kind in ("integer", "number"):
        return f"a {'whole ' if kind == 'integer' else ''}number{_limits(node)}"
    if kind == "object":
        names = ", ".join(node.get("properties", {}))
        return f"the keys {names}" if names else "named entries" + (", at least one" if node.get("minProperties") else "")
    if kind == "string":
        return "text" + (f" that matches {node['pattern']}" if node.get("pattern") else "")
    if kind == "array":
        return "a list" + (" with at least one entry" if node.get("minItems") else "")
    return {"boolean": "true or false", "null": "null"}.get(str(kind), "another value")


def _limits(node: Schema) -> str:
    bounds = []
    if "exclusiveMinimum" in node:
        bounds.append(f"above {node['exclusiveMinimum']:g}")
    if "minimum" in node:
        bounds.append(f"of at least {node['minimum']:g}" if "maximum" not in node else f"from {node['minimum']:g}")
    if "maximum" in node:
        bounds.append(f"up to {node['maximum']:g}" if not bounds or bounds[0].startswith("from") else f"and at most {node['maximum']:g}")
    return f" {' '.join(bounds)}" if bounds else ""
