"""What a format must offer. A new format is one file in `traces/readers` with such an object called READER."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from traces.reading.block import Block
from traces.reading.opening import TraceFile
from traces.schemas import Kind


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user states of a file.

    Args:
        zone: name of the zone, where a file does not name its own; else the file's name is taken.
        instance_type: of the instances, where a file does not say.
        ones_are: "up" or "preempted", for formats that do not state it.
        columns: for the format `columns`: which of the file's columns is which of the table's, and in which unit.
    """

    zone: str | None = None
    instance_type: str | None = None
    ones_are: str | None = None
    columns: dict[str, Any] | None = None


@dataclass(slots=True)
class Notes:
    """What a reader finds besides rows.

    Args:
        start: absolute time of second 0, in ISO 8601 and UTC, where the file has absolute times.
        facts: further facts, such as the tokens of a prefix block; kept with the table.
        problems: what is wrong besides single rows; the reading ends with them, and with all that is wrong with rows.
    """

    start: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class Reader(Protocol):
    """One format."""

    @property
    def name(self) -> str:
        """As `format=` says it."""
        ...

    @property
    def title(self) -> str:
        """One line: what it is and how it looks."""
        ...

    def kind(self, file: TraceFile, options: ReadOptions) -> Kind:
        """What the table of a file is of."""
        ...

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """Whether a file of which `head` is the beginning is of this format; by content, not by name."""
        ...

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """The rows of the file in its order (or the table's, where the format says that files are not sorted).

        Raises:
            TraceError: the file is not of this format, or damaged so that reading cannot go on.
        """
        ...


@dataclass(frozen=True, slots=True)
class Described:
    """Name, title and kind of a format whose tables are all of one kind; the base of most readers."""

    name: str
    title: str
    table: Kind

    def kind(self, file: TraceFile, options: ReadOptions) -> Kind:
        """That kind; see `Reader`."""
        return self.table
