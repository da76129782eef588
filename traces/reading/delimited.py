"""Delimited text, read in blocks by pyarrow; a block in which anything is wrong is read again line by line, to say what it is."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from traces.errors import TraceError
from traces.reading.block import Block
from traces.reading.cells import Cell
from traces.reading.faults import Fault
from traces.reading.opening import TraceFile

BLOCK_BYTES = 1 << 24


def header(head: bytes, delimiter: str = ",") -> list[str]:
    """The names in the first line of a file."""
    return _cells(head.split(b"\n")[0].decode("utf-8-sig", errors="replace").rstrip("\r"), delimiter) or []


def has_columns(head: bytes, *names: str) -> bool:
    """Whether the first line names these columns, others being allowed."""
    return set(names) <= set(header(head))


def read_delimited(
    file: TraceFile, cells: Mapping[str, Cell], names: tuple[str, ...] | None = None, delimiter: str = ","
) -> Iterator[Block]:
    """The rows of a delimited file, as blocks whose columns are those of `cells`. Rows whose wanted cells are all empty are blank lines.

    Args:
        file: to read.
        cells: how each wanted column is read.
        names: of all columns, for a file without a first line that names them.
        delimiter: between two cells.

    Raises:
        TraceError: a wanted column is missing, or the file is damaged so that reading cannot go on.
    """
    import pyarrow as pa

    found = names or _checked_header(file, cells, delimiter)
    titled = names is None
    for first, text in file.chunks(BLOCK_BYTES):
        if titled and first == 1:
            first, text = 2, text[text.find(b"\n") + 1 :] if b"\n" in text else b""
        if not text.strip():
            continue
        try:
            yield _at_once(first, text, found, cells, delimiter)
        except pa.ArrowInvalid:
            yield _by_lines(first, text, found, cells, delimiter)


def _checked_header(file: TraceFile, cells: Mapping[str, Cell], delimiter: str) -> tuple[str, ...]:
    head = file.head()
    found = header(head, delimiter)
    missing = [name for name in cells if name not in found]
    repeated = [name for name in cells if found.count(name) > 1]
    first = head.split(b"\n")[0].decode("utf-8-sig", errors="replace").rstrip("\r")[:200]
    if missing:
        other = next((sign for sign in ";\t|," if sign != delimiter and set(cells) <= set(header(head, sign))), None)
        hint = f"; its cells are separated by {other!r} instead of {delimiter!r}" if other else ""
        raise TraceError(f"{file.path}, line 1: column {', '.join(missing)} is missing; found {first!r}{hint}")
    if repeated:
        raise TraceError(f"{file.path}, line 1: column {', '.join(repeated)} is there twice; found {first!r}")
    return tuple(found)


def _at_once(first: int, text: bytes, names: tuple[str, ...], cells: Mapping[str, Cell], delimiter: str) -> Block:
    """Whole lines from line `first` on as a block; `pyarrow.ArrowInvalid` if anything is wrong with any of them."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv as arrow_csv

    # Columns go by their number, since names that are not wanted may be empty or occur twice.
    numbered = {name: str(names.index(name)) for name in cells}
    table = arrow_csv.read_csv(
        pa.BufferReader(text),
        read_options=arrow_csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=[str(at) for at in range(len(names))]),
        parse_options=arrow_csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(numbered.values(), pa.string()), include_columns=list(numbered.values()), check_utf8=False
        ),
    )
    if len(table) != text.count(b"\n") + (not text.endswith(b"\n")):
        raise pa.ArrowInvalid("a cell has a line end in it")
    texts = {name: table.column(number).combine_chunks() for name, number in numbered.items()}
    line = np.arange(first, first + len(table), dtype=np.int64)
    if pc.any(pc.equal(next(iter(texts.values())), "")).as_py():
        blank = np.logical_and.reduce([np.asarray(pc.equal(column, "").to_numpy(zero_copy_only=False)) for column in texts.values()])
        texts = {name: column.filter(pa.array(~blank)) for name, column in texts.items()}
        line = line[~blank]
    return Block({name: cell.column(texts[name]) for name, cell in cells.items()}, line)


def _by_lines(first: int, text: bytes, names: tuple[str, ...], cells: Mapping[str, Cell], delimiter: str) -> Block:
    """The same, line by line: rows with a bad cell become faults."""
    import pyarrow as pa

    values: dict[str, list[Any]] = {name: [] for name in cells}
    lines: list[int] = []
    faults: list[Fault] = []
    for number, raw in enumerate(text.split(b"\n"), first):
        row = raw.decode("utf-8", errors="replace").rstrip("\r")
        found = _cells(row, delimiter)
        if found is None or (row and len(found) != len(names)):
            faults.append(Fault(number, "", row, f"{len(names)} cells; this line has {len(found or [])}"))
            continue
        wanted = {name: found[names.index(name)] for name in cells} if row else {}
        if not any(wanted.values()):
            continue
        read = {name: cell.value(wanted[name]) for name, cell in cells.items()}
        bad = [Fault(number, name, wanted[name], cells[name].accepted) for name, value in read.items() if value is None]
        faults += bad
        if not bad:
            lines.append(number)
            for name, value in read.items():
                values[name].append(value)
    columns = {name: pa.array(column, pa.string()) if cells[name].is_text else np.array(column) for name, column in values.items()}
    return Block(columns, np.array(lines, dtype=np.int64), faults)


def _cells(row: str, delimiter: str) -> list[str] | None:
    """The cells of one line; None if its quotes do not close."""
    try:
        return next(csv.reader([row], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None
