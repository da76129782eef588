"""What spot formats share: rows of one zone, and nodes that come and go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from traces.reading.block import Block
from traces.reading.faults import Fault
from traces.reading.opening import TraceFile
from traces.reading.reader import ReadOptions
from traces.regions import zone_and_type
from traces.tables import Floats, Ints


def zone_block(
    file: TraceFile,
    options: ReadOptions,
    time_s: Floats,
    capacity: Ints | None,
    line: Ints,
    faults: list[Fault],
    price: Floats | None = None,
) -> Block:
    """Rows of a file that is of one zone: the zone that the user states, else the one its name begins with, else its name."""
    zone, instance_type = zone_and_type(file.stem)
    missing = np.full(len(line), np.nan)
    columns = {
        "zone": [options.zone or zone] * len(line),
        "instance_type": [options.instance_type or instance_type] * len(line),
        "time_s": time_s,
        "capacity": missing if capacity is None else np.asarray(capacity, dtype=np.float64),
        "price_usd_per_h": missing if price is None else price,
    }
    return Block(columns, line, faults)


def node_blocks(file: TraceFile, options: ReadOptions, events: Iterable[tuple[int, float, str, list[str]] | Fault]) -> Iterator[Block]:
    """One row for each time at which nodes come or go, with the number of those that are there.

    Args:
        file: of one zone.
        options: of the user.
        events: line, second, "add" or "remove", and names of nodes; or what could not be read. A row of no names is kept as a row.
    """
    there: set[str] = set()
    rows: list[tuple[float, int, list[str], list[str], int]] = []
    faults: list[Fault] = []
    for event in events:
        if isinstance(event, Fault):
            faults.append(event)
            continue
        line, time_s, action, nodes = event
        strange = [node for node in nodes if (node in there) == (action == "add")]
        if strange or len(set(nodes)) < len(nodes):
            state = "that is not there yet" if action == "add" else "that is there"
            faults.append(Fault(line, "node", f"{action} {(strange or nodes)[0]}", f"to {action} a node {state}, once"))
            continue
        there = there | set(nodes) if action == "add" else there - set(nodes)
        if rows and rows[-1][0] == time_s:
            _, _, added, removed, first = rows.pop()
        else:
            added, removed, first = [], [], line
        if action == "add":
            added = [*added, *nodes]
        else:
            removed = [*removed, *nodes]
        rows.append((time_s, len(there), added, removed, first))
    columns: tuple[Any, ...] = tuple(zip(*rows, strict=True)) if rows else ((), (), (), (), ())
    time_s, counts, added_nodes, removed_nodes, lines = columns
    block = zone_block(file, options, np.array(time_s, dtype=np.float64), np.array(counts), np.array(lines, dtype=np.int64), faults)
    block.columns |= {"added": list(added_nodes), "removed": list(removed_nodes)}
    yield block


def last_of_each_time(time: Ints, *columns: Any) -> tuple[Any, ...]:
    """Times in order and the columns of the row that stands last in the file for each; for formats that say that rows are not sorted."""
    order = np.argsort(time, kind="stable")
    kept = order[last_of_runs(time[order])]
    return (time[kept], *(column[kept] for column in columns))


def last_of_runs(time: Ints) -> NDArray[np.bool_]:
    """Which rows are the last of those of one time that stand together."""
    return np.append(np.diff(time) != 0, True) if len(time) else np.zeros(0, dtype=np.bool_)
