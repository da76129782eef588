"""Any CSV or Parquet file, with a map that says which of its columns is which of the table's, and in which unit.

kind: requests                       # or spot, lifetimes, probes
delimiter: ","                       # of a text file
columns:
  arrival_s: {from: ts, unit: ms}    # s, ms, us, ns, min, h, or stamp for absolute times
  input_tokens: prompt_len           # the name of a column, in the table's own unit
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from traces.errors import TraceError
from traces.options import Options
from traces.reading.block import Block
from traces.reading.cells import Cell, Flag, Number, Stamp, Text, Whole
from traces.reading.clock import Clock
from traces.reading.delimited import read_delimited
from traces.reading.opening import TraceFile
from traces.reading.reader import Notes, ReadOptions
from traces.schemas import KINDS, Column, Kind
from traces.stored import MAGIC

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0}


class ColumnMap(Options):
    """What the map says; see the module.

    Args:
        kind: of the table.
        columns: by the table's columns, the file's.
        delimiter: of a text file.
    """

    kind: str
    columns: dict[str, Any]
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class Columns:
    """See the module."""

    name: str = "columns"
    title: str = "any CSV or Parquet file, with a map of its columns"

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """Never: the map has to be given."""
        return False

    def kind(self, file: TraceFile, options: ReadOptions) -> Kind:
        """The kind that the map names."""
        return _checked(file, options)[0]

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`."""
        kind, mapped, delimiter = _checked(file, options)
        clock, zoned = Clock(notes), {ours for ours, (_, cell) in mapped.items() if isinstance(cell, Stamp)}
        cells = dict(mapped.values())
        read = _parquet(file, cells) if file.head().startswith(MAGIC) else read_delimited(file, cells, delimiter=delimiter)
        for block in read:
            columns = {ours: block.columns[theirs] for ours, (theirs, _) in mapped.items()}
            for name in zoned:
                columns[name] = clock.seconds(np.asarray(columns[name], dtype=np.int64))
            for column in kind.columns:
                if column.needed and column.name not in columns:
                    filler: Any = np.full(len(block), np.nan) if column.numeric else [_filler(file, options, column)] * len(block)
                    columns[column.name] = filler
            yield Block(columns, block.line, block.faults, {ours: theirs for ours, (theirs, _) in mapped.items()})


def _filler(file: TraceFile, options: ReadOptions, column: Column) -> str:
    return {"zone": options.zone or file.stem, "instance_type": options.instance_type or ""}[column.name]


def _checked(file: TraceFile, options: ReadOptions) -> tuple[Kind, dict[str, tuple[str, Cell]], str]:
    """Kind, for each of the table's columns the file's and how it is read, and the delimiter."""
    if not options.columns:
        raise TraceError(f"{file.path}: format=columns needs a map of columns; see docs/traces.md for one")
    stated = ColumnMap(**options.columns)
    if stated.kind not in KINDS:
        raise TraceError(f"map of columns: kind {stated.kind!r} is not known; known are {', '.join(KINDS)}")
    if len(stated.delimiter) != 1:
        raise TraceError(f"map of columns: delimiter must be one character; found {stated.delimiter!r}")
    kind, problems, mapped = KINDS[stated.kind], [], {}
    known = {column.name: column for column in kind.columns if not column.type.startswith("list")}
    for ours, theirs in stated.columns.items():
        entry = theirs if isinstance(theirs, Mapping) else {"from": theirs}
        unit, source = entry.get("unit"), entry.get("from")
        if ours not in known:
            problems.append(f"map of columns: {ours} is no column of {kind.name}; its columns are {', '.join(known)}")
        elif not isinstance(source, str) or set(entry) - {"from", "unit"}:
            problems.append(f"map of columns: {ours} must be the name of a column, or {{from: NAME, unit: UNIT}}; found {theirs!r}")
        elif unit is not None and (not ours.endswith("_s") or unit not in (*SECONDS, "stamp")):
            problems.append(
                f"map of columns: {ours} has the unit {unit!r}; times may be in {', '.join(SECONDS)} or stamp, others have none"
            )
        else:
            mapped[ours] = (source, _cell(known[ours], unit))
    filled = {"zone", "instance_type"} | {column.name for column in kind.columns if column.nullable}
    problems += [
        f"map of columns: {column.name} is missing"
        for column in kind.columns
        if column.needed and column.name not in {*stated.columns, *filled}
    ]
    sources = [source for source, _ in mapped.values()]
    problems += [f"map of columns: {name} is used twice" for name in sorted({name for name in sources if sources.count(name) > 1})]
    if problems:
        raise TraceError(*problems)
    return kind, mapped, stated.delimiter


def _cell(column: Column, unit: str | None) -> Cell:
    if unit == "stamp":
        return Stamp()
    if column.type == "float64":
        return Number(SECONDS.get(unit or "s", 1.0), empty=column.nullable)
    if column.type == "int64":
        return Whole(empty=column.nullable)
    return Flag() if column.type == "bool" else Text(empty=column.nullable)


def _parquet(file: TraceFile, cells: Mapping[str, Cell]) -> Iterator[Block]:
    """The same of a Parquet file; rows are counted as lines from 1."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import parquet

    try:
        opened = parquet.ParquetFile(file.path)
        missing = [name for name in cells if name not in opened.schema_arrow.names]
        if missing:
            raise TraceError(f"{file.path}, line 1: column {', '.join(missing)} is missing; it has {', '.join(opened.schema_arrow.names)}")
        line = 0
        for batch in opened.iter_batches(columns=list(cells)):
            columns = {}
            for name, cell in cells.items():
                values = batch.column(batch.schema.names.index(name))
                if isinstance(cell, Stamp) and pa.types.is_timestamp(values.type):
                    columns[name] = np.asarray(values.cast(pa.timestamp("ns")).cast(pa.int64()))
                else:
                    columns[name] = cell.column(pc.if_else(pc.is_valid(values), values.cast(pa.string()), ""))
            yield Block(columns, np.arange(line + 1, line + 1 + len(batch)))
            line += len(batch)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise TraceError(f"{file.path}, line 1: cannot be read ({' '.join(str(error).split())})") from None


READER = Columns()
