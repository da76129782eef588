"""What is wrong with a trace file: the slow second reading that finds every fault, made only when the fast one failed."""

import csv
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path

from traces.readers.stamps import ACCEPTED, nanosecond

SHOWN_FAULTS = 5


def csv_faults(path: Path, time_column: str, columns: Mapping[str, Callable[[str], str | None]]) -> list[str]:
    """Problems of a CSV file whose rows are sorted by a time column.

    Args:
        path: the file; its first line names the columns.
        time_column: holds time stamps that must not run backwards.
        columns: for each other column, a function that returns None for a good value and otherwise what is accepted.

    Returns:
        One line a problem with file, line, column and value: the first five, then how many more there are.
    """
    faults: list[str] = []
    count = 0

    def add(line: int, text: str) -> None:
        nonlocal count
        count += 1
        if count <= SHOWN_FAULTS:
            faults.append(f"{path}, line {line}{text}")

    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        before: int | None = None
        for row in rows:
            line = rows.line_num
            if not row:
                continue
            if len(row) != len(header):
                add(line, f": found {len(row)} columns; the header names {len(header)}")
                continue
            values = dict(zip(header, row, strict=True))
            time = nanosecond(values[time_column])
            if time is None:
                add(line, f", column {time_column}: found {values[time_column]!r}; accepted is {ACCEPTED}")
            elif before is not None and time < before:
                add(line, f", column {time_column}: {values[time_column]} runs backwards; sort the file by {time_column}")
            before = time if time is not None else before
            for name, check in columns.items():
                accepted = check(values[name])
                if accepted:
                    add(line, f", column {name}: found {values[name]!r}; accepted is {accepted}")
    if count > SHOWN_FAULTS:
        faults.append(f"{path}: {count - SHOWN_FAULTS} further problems")
    return faults


def header_faults(path: Path, needed: tuple[str, ...]) -> list[str]:
    """Problems of the first line of a CSV file that must name the columns `needed`, others being allowed, and have rows below it."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = file.readline().rstrip("\r\n")
    if not first:
        return [f"{path} is empty; expected a first line that names the columns {','.join(needed)}"]
    found = next(csv.reader([first]))
    missing = [name for name in needed if name not in found]
    if missing:
        return [f"{path}, line 1: column {', '.join(missing)} is missing; found {first!r}, needed are {','.join(needed)}"]
    with path.open("rb") as file:
        if not any(line.strip() for line in islice(file, 1, None)):
            return [f"{path} has no rows below its header"]
    return []
