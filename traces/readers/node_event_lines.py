"""SpotServe's and Parcae's node events: a JSON array a line, [ms, "add" or "remove", {"nodes": […]}].

Parcae adds a duration and the strategies it chose, which are left out, and lines on which no node comes or goes ("no-op", "migration").
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from traces.reading.block import Block
from traces.reading.faults import Fault
from traces.reading.markets import node_blocks
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.rows import BadValue, parse_line
from traces.schemas import SPOT

FIRST = re.compile(rb'\s*\[\s*\d+(\.\d+)?\s*,\s*"[\w-]+"\s*,\s*\{')
STILL = ("no-op", "migration")


@dataclass(frozen=True, slots=True)
class NodeEventLines(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its first line."""
        return FIRST.match(head) is not None

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`."""
        return node_blocks(file, options, self._events(file))

    def _events(self, file: TraceFile) -> Iterator[tuple[int, float, str, list[str]] | Fault]:
        for line, text in file.lines():
            try:
                time_s, action, nodes = _event(parse_line(text))
            except BadValue as bad:
                yield Fault(line, bad.column, bad.found, bad.accepted)
                continue
            yield line, time_s, "add" if action in STILL else action, nodes


def _event(value: Any) -> tuple[float, str, list[str]]:
    if not (isinstance(value, list) and len(value) == 3 and isinstance(value[2], dict)):
        raise BadValue("", value, 'a JSON array of ms, event and {"nodes": [...]}')
    time_ms, action, nodes = value[0], value[1], value[2].get("nodes")
    if isinstance(time_ms, bool) or not isinstance(time_ms, int | float):
        raise BadValue("time_ms", time_ms, "a number of milliseconds")
    if action not in ("add", "remove", *STILL):
        raise BadValue("event", action, f"one of add, remove, {', '.join(STILL)}")
    if not isinstance(nodes, list) or not all(isinstance(node, str) for node in nodes):
        raise BadValue("nodes", nodes, "a list of names of nodes")
    if nodes and action in STILL:
        raise BadValue("nodes", nodes, f"no nodes, since the event is {action}")
    return time_ms / 1e3, action, nodes


READER = NodeEventLines("node_event_lines", 'SpotServe, Parcae: JSON lines [ms, "add"|"remove", {"nodes": [...]}]', SPOT)
