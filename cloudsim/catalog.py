"""Reading the data files of a catalogue, and saying which names it has when one is missing."""

import csv
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from cloudsim.errors import ConfigError


@cache
def entries(package: str, file: str) -> dict[str, Any]:
    """The named entries of a YAML catalogue `file` in `package`."""
    loaded: dict[str, Any] = yaml.safe_load(files(package).joinpath(file).read_text(encoding="utf-8"))
    return loaded


@cache
def rows(package: str, file: str) -> tuple[dict[str, str], ...]:
    """The rows of a CSV catalogue `file` in `package`."""
    with files(package).joinpath(file).open(encoding="utf-8") as text:
        return tuple(csv.DictReader(text))


def entry(package: str, file: str, kind: str, name: str) -> dict[str, Any]:
    """The entry called `name`; `ConfigError` with the known names if there is none."""
    known = entries(package, file)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigError(f"{kind} {name!r} is not in the catalogue; {hint}known: {', '.join(sorted(known))}")
    found: dict[str, Any] = known[name]
    return found
