"""Formats that are read value by value: JSON by lines, and JSON documents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from traces.errors import TraceError
from traces.reading.block import Block, block_of_rows
from traces.reading.faults import Fault
from traces.reading.opening import TraceFile

ROWS_PER_BLOCK = 1 << 14
MISSING = object()


class BadValue(Exception):
    """A value that is not accepted.

    Args:
        column: its key.
        found: what stands there.
        accepted: what is accepted.
    """

    def __init__(self, column: str, found: Any, accepted: str) -> None:
        super().__init__(column, found, accepted)
        self.column, self.accepted = column, accepted
        self.found = "nothing" if found is MISSING else found if isinstance(found, str) else json.dumps(found, default=str)


def read_json_lines(
    file: TraceFile, names: Sequence[str], row: Callable[[Any], Mapping[str, Any]], keys: Mapping[str, str]
) -> Iterator[Block]:
    """The rows of a file with one JSON value a line.

    Args:
        file: to read.
        names: columns of the blocks.
        row: makes a row of a value, or raises `BadValue`.
        keys: what the file calls a column, where it is called otherwise.
    """
    rows: list[Mapping[str, Any]] = []
    lines: list[int] = []
    faults: list[Fault] = []
    for line, text in file.lines():
        try:
            rows.append(row(parse_line(text)))
            lines.append(line)
        except BadValue as bad:
            faults.append(Fault(line, bad.column, bad.found, bad.accepted))
        if len(rows) + len(faults) >= ROWS_PER_BLOCK:
            yield replace(block_of_rows(rows, lines, names, faults), named=keys)
            rows, lines, faults = [], [], []
    if rows or faults:
        yield replace(block_of_rows(rows, lines, names, faults), named=keys)


def read_json(file: TraceFile) -> Any:
    """The one JSON value that a file is.

    Raises:
        TraceError: it is not JSON; with the line.
    """
    text = file.text()
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise TraceError(f"{file.path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg})") from None
    except RecursionError:
        raise TraceError(f"{file.path}, line 1: the JSON is nested too deeply for a trace") from None
    except ValueError as error:
        raise TraceError(f"{file.path}, line 1: not JSON ({error})") from None


def whole(value: Mapping[str, Any], key: str, missing: Any = MISSING) -> Any:
    """A whole number below a key; `missing` where the key may be absent."""
    found = value.get(key, missing)
    if found is missing and missing is not MISSING:
        return missing
    if isinstance(found, bool) or not isinstance(found, int | float) or found != found or abs(found) > 2**53 or int(found) != found:
        raise BadValue(key, found, "a whole number")
    return int(found)


def number(value: Mapping[str, Any], key: str) -> float:
    """A finite number below a key."""
    found = value.get(key, MISSING)
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < 1e300:
        raise BadValue(key, found, "a number")
    return float(found)


def text(value: Mapping[str, Any], key: str, missing: Any = MISSING) -> Any:
    """A text below a key, a whole number being taken as its digits; `missing` where the key may be absent."""
    found = value.get(key, missing)
    if found is missing and missing is not MISSING:
        return missing
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise BadValue(key, found, "a text")
    return str(found)


def wholes(value: Mapping[str, Any], key: str) -> list[int]:
    """A list of whole numbers below a key; empty if the key is absent."""
    found = value.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, int) and not isinstance(item, bool) and abs(item) < 2**63 for item in found):
        raise BadValue(key, found, "a list of whole numbers")
    return found


def an_object(value: Any) -> Mapping[str, Any]:
    """The value, which must be a JSON object."""
    if not isinstance(value, dict):
        raise BadValue("", value, "a JSON object")
    return value


def parse_line(text: bytes) -> Any:
    """The JSON value that a line is; `BadValue` if it is none."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise BadValue("", text[:80].decode("utf-8", "replace"), "JSON that is not nested so deeply") from None
    except ValueError:
        raise BadValue("", text[:160].decode("utf-8", "replace"), "JSON") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def first_object(head: bytes) -> frozenset[str]:
    """The keys of the JSON object in the first line of a file; none if it is something else."""
    lines = [line for line in head.split(b"\n") if line.strip()]
    try:
        value = json.loads(lines[0]) if lines else None
    except (ValueError, RecursionError):
        # A line longer than the head is cut off: then its keys up to there have to do.
        names = re.findall(rb'"(\w+)"\s*:', lines[0]) if len(lines) == 1 and lines[0].lstrip().startswith(b"{") else []
        return frozenset(name.decode() for name in names)
    return frozenset(value) if isinstance(value, dict) else frozenset()
