"""Finds every key of a run by itself: the leaves of the schema, and the arguments in the YAML entries of the components."""

from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import yaml
from pydantic import BaseModel

from cloudsim.config import Component, RunConfig

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
COMPONENT_GROUPS = (
    "traffic", "spot", "hardware", "grid", "admission", "routing", "budget", "effort", "scheduling", "cache", "notice", "scaling",
    "provisioning",
)  # fmt: skip


def schema_leaves(model=RunConfig, prefix=""):
    """Dotted keys; `*` stands for a name that the user chooses."""
    for name, field in model.model_fields.items():
        yield from _leaves(field.annotation, f"{prefix}{field.alias or name}")


def _leaves(annotation: Any, path: str):
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is dict:
        yield from _leaves(get_args(annotation)[1], f"{path}.*")
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation is not Component:
        yield from schema_leaves(annotation, f"{path}.")
    else:
        yield path


def argument_leaves():
    """(group, entry, dotted argument) of every component that ships; of entries by name that are alike only the first is walked."""
    for group in COMPONENT_GROUPS:
        for file in sorted((EXPERIMENTS / group).glob("*.yaml")):
            for key in _argument_paths(yaml.safe_load(file.read_text())):
                if key.split(".")[-1] != "_target_":
                    yield group, file.stem, key


def _argument_paths(node, prefix=""):
    for name, value in node.items():
        if isinstance(value, dict):
            named = all(isinstance(entry, dict) and "_target_" not in entry for entry in value.values())
            first = dict([next(iter(value.items()))]) if named else value
            yield from _argument_paths(first, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"
