"""ServeGen's clients: a folder of chunk-N-trace.csv (one client each) and chunk-N-dataset.json, or one such CSV file without lengths.

A row of a trace is window_start_s, rate_rps, cv, Gamma or Weibull, shape, scale. A data set gives, for windows of its own, how often
each length occurs, as the text of a Python dictionary. Multimodal clients have text_tokens in place of input_tokens; their other
tokens are left out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from traces.errors import TraceError
from traces.reading.block import Block
from traces.reading.cells import Cell, Number, Text
from traces.reading.delimited import read_delimited
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.rows import read_json
from traces.schemas import CLIENTS

CELLS: dict[str, Cell] = {
    "window_start_s": Number(), "rate_rps": Number(), "cv": Number(empty=True), "gaps": Text(empty=True, one_of=("", "Gamma", "Weibull")),
    "shape": Number(empty=True), "scale": Number(empty=True),
}  # fmt: skip
FIRST = re.compile(rb"\d+(\.\d+)?,[\d.e+-]+,[\d.e+-]*,(Gamma|Weibull|),[\d.e+-]*,[\d.e+-]*\r?\n")
MEMBER = re.compile(r"chunk-(\d+)-trace\.csv")
PAIR = re.compile(r"\s*([\d.eE+-]+)\s*:\s*([\d.eE+-]+)\s*(?:,|$)")
LENGTHS = {"input": ("input_tokens", "text_tokens"), "output": ("output_tokens",)}


@dataclass(frozen=True, slots=True)
class ServeGen(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """A folder by the names of its files, a file by its first line."""
        if file.is_folder:
            return any(MEMBER.fullmatch(path.name) for path in file.path.iterdir())
        return FIRST.match(head) is not None

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`. Clients in the order of their numbers."""
        if not file.is_folder:
            match = MEMBER.fullmatch(file.path.name)
            yield from _client(file, match[1] if match else file.stem, {}, "")
            return
        found = sorted((int(match[1]), path) for path in file.path.iterdir() if (match := MEMBER.fullmatch(path.name)))
        for number, path in found:
            lengths = _lengths(path.with_name(f"chunk-{number}-dataset.json"))
            yield from _client(TraceFile(path), str(number), lengths, path.name)


def _client(file: TraceFile, client: str, lengths: Mapping[float, Mapping[str, list[Any]]], member: str) -> Iterator[Block]:
    for block in read_delimited(file, CELLS, names=tuple(CELLS)):
        start = block.columns["window_start_s"].tolist()
        columns = dict(block.columns)
        gaps = columns["gaps"].tolist()
        silent = np.array([not name for name in gaps], dtype=np.bool_)
        for name in ("cv", "shape", "scale"):
            columns[name] = np.where(silent, np.nan, columns[name])
        columns["client"] = [client] * len(start)
        for side in LENGTHS:
            columns[f"{side}_tokens"] = [lengths.get(at, {}).get(f"{side}_tokens") for at in start]
            columns[f"{side}_share"] = [lengths.get(at, {}).get(f"{side}_share") for at in start]
        yield Block(columns, block.line, block.faults, member=member)


def _lengths(path: Path) -> dict[float, dict[str, list[Any]]]:
    """For each window of a data set, the lengths that occur and how often."""
    if not path.is_file():
        raise TraceError(f"{path} was not found; it has the lengths of the client's requests")
    document = read_json(TraceFile(path))
    if not isinstance(document, dict):
        raise TraceError(f"{path}, line 1: expected an object with one entry for each window")
    windows: dict[float, dict[str, list[Any]]] = {}
    for start, fields in document.items():
        made: dict[str, list[Any]] = {}
        for side, names in LENGTHS.items():
            text = next((fields[name] for name in names if name in fields), None) if isinstance(fields, dict) else None
            pairs = _pairs(text) if isinstance(text, str) else None
            if pairs is None or not Number().value(start) == Number().value(start):
                raise TraceError(
                    f"{path}, line 1: {start}.{names[0]}: expected a text like '{{224: 0.5, 225: 0.5}}', found {str(text)[:80]!r}"
                )
            total = sum(share for _, share in pairs)
            if pairs and total > 0:
                made[f"{side}_tokens"] = [int(length) for length, _ in pairs]
                made[f"{side}_share"] = [share / total for _, share in pairs]
        windows[float(start)] = made
    return windows


def _pairs(text: str) -> list[tuple[float, float]] | None:
    """The pairs of a Python dictionary of numbers, read without running anything; None if it is something else."""
    inner = text.strip()
    if not (inner.startswith("{") and inner.endswith("}")):
        return None
    inner, at, pairs = inner[1:-1], 0, []
    while at < len(inner):
        match = PAIR.match(inner, at)
        numbers = (Number().value(match[1]), Number().value(match[2])) if match else (None, None)
        if match is None or numbers[0] is None or numbers[1] is None or numbers[1] < 0 or numbers[0] < 0:
            return None
        pairs.append((numbers[0], numbers[1]))
        at = match.end()
    return pairs


READER = ServeGen("servegen", "ServeGen: folder of chunk-N-trace.csv and chunk-N-dataset.json, one client each", CLIENTS)
