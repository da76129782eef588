"""BurstGPT: CSV with Timestamp, Model, Request tokens, Response tokens, Total tokens, Log Type; newer files add Session ID, Elapsed time.

Times are seconds from the first day. A response of 0 tokens is a request that failed: such rows are left out and counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from traces.reading.block import Block
from traces.reading.cells import Cell, Number, Text, Whole
from traces.reading.delimited import has_columns, header, read_delimited
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.renamed import renamed
from traces.schemas import REQUESTS

TIME, MODEL, INPUT, OUTPUT, LOG, SESSION = "Timestamp", "Model", "Request tokens", "Response tokens", "Log Type", "Session ID"


@dataclass(frozen=True, slots=True)
class BurstGPT(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By its column names."""
        return has_columns(head, TIME, MODEL, INPUT, OUTPUT)

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`."""
        wanted: dict[str, tuple[str, Cell]] = {
            TIME: ("arrival_s", Number()),
            INPUT: ("input_tokens", Whole()),
            OUTPUT: ("output_tokens", Whole()),
            MODEL: ("model", Text()),
            LOG: ("task", Text(empty=True)),
            SESSION: ("session_id", Text(empty=True)),
        }
        found = header(file.head())
        present = {name: cell for name, (_, cell) in wanted.items() if name in found or name in (TIME, MODEL, INPUT, OUTPUT)}
        named = {wanted[name][0]: name for name in present}
        notes.facts["failed_requests"] = 0
        for block in read_delimited(file, present):
            read = renamed(block, named)
            answered = read.columns["output_tokens"] != 0
            notes.facts["failed_requests"] += int((~answered).sum())
            yield read.only(answered)


READER = BurstGPT("burstgpt", "BurstGPT: CSV with Timestamp,Model,Request tokens,Response tokens; responses of 0 tokens failed", REQUESTS)
