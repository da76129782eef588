"""Bad rows of a trace file: what is said of them, and how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

SHOWN = 5
LONGEST_FOUND = 80


class Fault(NamedTuple):
    """One bad value.

    Args:
        line: in which it stands, from 1.
        column: of the file; empty if the whole line is meant.
        found: what stands there.
        accepted: what would be.
        member: name of the file, where several files of a folder are read as one trace.
    """

    line: int
    column: str
    found: str
    accepted: str
    member: str = ""


@dataclass(slots=True)
class Faults:
    """The bad rows of one file; the first ones are kept, the rest are counted."""

    file: str
    first: list[Fault] = field(default_factory=list)
    count: int = 0

    def add(self, faults: Iterable[Fault]) -> None:
        """Note faults in the order of the file."""
        for fault in faults:
            self.count += 1
            if len(self.first) < SHOWN:
                self.first.append(fault)

    def problems(self) -> list[str]:
        """One line each, then how many there are besides and which option goes on without them."""
        lines = []
        for fault in self.first:
            where = f"{self.file}{'/' * bool(fault.member)}{fault.member}, line {fault.line}"
            column = f", column {fault.column}" if fault.column else ""
            found = fault.found if len(fault.found) <= LONGEST_FOUND else fault.found[:LONGEST_FOUND] + "…"
            lines.append(f"{where}{column}: found {found!r}; accepted is {fault.accepted}")
        if self.count > len(self.first):
            lines.append(f"{self.file}: {self.count - len(self.first)} further problems")
        if lines:
            lines.append("on_bad_row=skip leaves bad rows out and counts them; on_bad_row=clip moves numbers to the nearest accepted one")
        return lines
