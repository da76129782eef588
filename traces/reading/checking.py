"""From blocks to checked Arrow batches: limits, order, and what becomes of bad rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from traces.errors import TraceError
from traces.reading.bad_row import BadRow
from traces.reading.block import Block
from traces.reading.faults import Fault, Faults
from traces.reading.reader import Notes
from traces.schemas import Kind, arrow_schema, limits_schema

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(slots=True)
class Counts:
    """Rows of a reading.

    Args:
        rows: in the table.
        skipped: left out.
        clipped: in the table with other numbers than the file's.
    """

    rows: int = 0
    skipped: int = 0
    clipped: int = 0


class Checker:
    """Checks the blocks of one file in its order.

    Args:
        kind: of the table.
        file: for messages.
        notes: of its reader.
        on_bad_row: what becomes of a bad row.
    """

    def __init__(self, kind: Kind, file: str, notes: Notes, on_bad_row: BadRow) -> None:
        self.kind, self.on_bad_row, self._notes = kind, on_bad_row, notes
        self.faults, self.counts = Faults(file), Counts()
        self.blocks, self._seen = 0, 0  # that were checked, and their rows
        self._passed = 0  # blocks that were checked before `restore`
        self._last: dict[tuple[Any, ...], float] = {}
        self._present: frozenset[str] | None = None

    def state(self) -> dict[str, Any]:
        """What it knows of the blocks so far, for JSON; see `restore`."""
        return {
            "blocks": self.blocks,
            "seen": self._seen,
            "counts": asdict(self.counts),
            "last": [[list(series), time] for series, time in self._last.items()],
            "present": sorted(self._present or ()),
            "faults": {"count": self.faults.count, "first": [list(fault) for fault in self.faults.first]},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on behind the blocks of a `state`: `batches` passes over them, since they were checked before.

        Raises:
            KeyError, TypeError, ValueError: it is no such state.
        """
        self.blocks, self._seen, self.counts = int(state["blocks"]), int(state["seen"]), Counts(**state["counts"])
        self._passed = self.blocks
        self._last = {tuple(series): float(time) for series, time in state["last"]}
        self._present = frozenset(state["present"]) or None
        self.faults.count, self.faults.first = int(state["faults"]["count"]), [Fault(*fault) for fault in state["faults"]["first"]]

    def batches(self, blocks: Iterator[Block]) -> Iterator[pa.RecordBatch]:
        """The checked batches; none that comes after a bad row unless bad rows are skipped or clipped.

        Raises:
            TraceError: there are bad rows, or there is no row at all.
        """
        rows = sum(len(block) for block in islice(blocks, self._passed))
        if rows != self._seen:
            raise TraceError(f"{self.faults.file}: {rows} rows were read where {self._seen} had been before; read the file from its start")
        for block in blocks:
            self.blocks, self._seen = self.blocks + 1, self._seen + len(block)
            kept = self._checked(block)
            if len(kept) and not self._refused:
                self.counts.rows += len(kept)
                yield self._batch(kept)
        if self._refused:
            raise TraceError(*self._notes.problems, *self.faults.problems())
        if not self.counts.rows:
            left = f" that are accepted; {self.counts.skipped} were left out" if self.counts.skipped else ""
            raise TraceError(*self.faults.problems()[:-1], f"{self.faults.file}, line 1: has no rows{left}")

    @property
    def _refused(self) -> bool:
        """Whether the reading will end in an error."""
        return bool(self._notes.problems) or (self.faults.count > 0 and self.on_bad_row is BadRow.ERROR)

    def _checked(self, block: Block) -> Block:
        """The rows to keep; what is wrong with the others is noted."""
        faults = [fault._replace(member=block.member) for fault in block.faults]
        unreadable = len({fault.line for fault in faults})
        changed = np.zeros(len(block), dtype=np.bool_)
        bad = np.zeros(len(block), dtype=np.bool_)
        if self.on_bad_row is BadRow.CLIP:
            block = replace(block, columns=dict(block.columns))
            changed |= self._clip_limits(block, faults)
            if not self.kind.distinct:
                changed |= self._clip_order(block)
        if self.on_bad_row is not BadRow.CLIP or self.kind.distinct:
            # Order before limits: a time before the start of the trace runs backwards, whatever number it is.
            self._note_order(block, bad, faults)
            self._note_limits(block, bad, faults)
        self.faults.add(sorted(faults, key=lambda fault: fault.line))
        self.counts.skipped += unreadable + int(bad.sum())
        self.counts.clipped += int((changed & ~bad).sum())
        return block.only(~bad) if bad.any() else block

    def _limited(self, block: Block) -> list[str]:
        return [column.name for column in self.kind.columns if column.numeric and column.name in block.columns]

    def _note_limits(self, block: Block, bad: NDArray[np.bool_], faults: list[Fault]) -> None:
        import pandas as pd
        from pandera.errors import SchemaErrors

        frame = pd.DataFrame({name: block.columns[name] for name in self._limited(block)})
        try:
            limits_schema(self.kind).validate(frame, lazy=True)
        except SchemaErrors as errors:
            cases = errors.failure_cases.dropna(subset="index")
            for name, row in sorted(set(zip(cases["column"], cases["index"].astype(int), strict=True)), key=lambda case: case[1]):
                if not (bad[row] and name == self.kind.time):
                    found = f"{frame[name].iloc[row]:.15g}"
                    faults.append(_fault(block, row, name, found, self.kind.column(name).accepted))
                bad[row] = True

    def _clip_limits(self, block: Block, faults: list[Fault]) -> NDArray[np.bool_]:
        changed = np.zeros(len(block), dtype=np.bool_)
        for name in self._limited(block):
            column, values = self.kind.column(name), block.columns[name]
            if column.lowest is not None:
                block.columns[name] = np.clip(values, column.lowest, column.highest)
                moved = (block.columns[name] != values) & ~np.isnan(values)
                changed |= moved
                faults += [_fault(block, row, name, f"{values[row]:.15g}", column.accepted) for row in np.flatnonzero(moved).tolist()]
        return changed

    def _note_order(self, block: Block, bad: NDArray[np.bool_], faults: list[Fault]) -> None:
        """Rows whose time runs backwards, or repeats where it must not, in their own series."""
        time = self.kind.time
        if time is None or not len(block):
            return
        reason = "a time later than that of the row before" if self.kind.distinct else "a time that does not run backwards"
        for series, rows in self._series(block, ~bad):
            values = block.columns[time][rows]
            before = np.concatenate(([self._last.get(series, -np.inf)], values[:-1]))
            if self.on_bad_row is not BadRow.ERROR:
                before = np.maximum.accumulate(before)
            wrong = values <= before if self.kind.distinct else values < before
            for at in np.flatnonzero(wrong).tolist():
                bad[rows[at]] = True
                found = f"second {values[at]:.9g} of the trace after second {before[at]:.9g}"
                faults.append(_fault(block, int(rows[at]), time, found, f"{reason}; sort the file by time"))
            if len(values):
                self._last[series] = float(max(values.max(), self._last.get(series, -np.inf)))

    def _clip_order(self, block: Block) -> NDArray[np.bool_]:
        changed = np.zeros(len(block), dtype=np.bool_)
        time = self.kind.time
        if time is None or not len(block):
            return changed
        moved = np.array(block.columns[time], dtype=np.float64)
        for series, rows in self._series(block, np.ones(len(block), dtype=np.bool_)):
            risen = np.maximum(np.maximum.accumulate(moved[rows]), self._last.get(series, -np.inf))
            changed[rows] |= risen != moved[rows]
            moved[rows] = risen
            self._last[series] = float(risen[-1])
        block.columns[time] = moved
        return changed

    def _series(self, block: Block, among: NDArray[np.bool_]) -> Iterator[tuple[tuple[Any, ...], NDArray[np.intp]]]:
        """The rows of each series of the kind, in order."""
        rows = np.flatnonzero(among)
        if not self.kind.groups:
            yield (), rows
            return
        import pandas as pd

        keys = pd.DataFrame({name: pd.Series(_listed(block.columns[name]), dtype=object) for name in self.kind.groups}).iloc[rows]
        for series, members in keys.groupby(list(self.kind.groups), sort=False).indices.items():
            yield series if isinstance(series, tuple) else (series,), rows[members]

    def _batch(self, block: Block) -> pa.RecordBatch:
        import pyarrow as pa

        if self._present is None:
            self._present = frozenset(block.columns)
        schema = arrow_schema(self.kind, self._present)
        return pa.record_batch([_array(block.columns[field.name], field) for field in schema], schema=schema)


def _fault(block: Block, row: int, name: str, found: str, accepted: str) -> Fault:
    return Fault(int(block.line[row]), block.named.get(name, name), found, accepted, block.member)


def _listed(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list) else list(values.tolist())


def _array(values: Any, field: pa.Field) -> pa.Array:
    import pyarrow as pa

    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        return pa.array(values, mask=np.isnan(values)).cast(field.type, safe=True)
    if isinstance(values, np.ndarray):
        return pa.array(values).cast(field.type)
    return values.cast(field.type) if isinstance(values, pa.Array) else pa.array(values, field.type)
