"""Mooncake's traces: one JSON object a line with timestamp (ms), input_length, output_length, hash_ids of 512-token blocks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from traces.reading.block import Block
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.rows import an_object, first_object, number, read_json_lines, whole, wholes
from traces.schemas import REQUESTS

BLOCK_TOKENS = 512
KEYS = {"arrival_s": "timestamp", "input_tokens": "input_length", "output_tokens": "output_length"}
NAMES = ("arrival_s", "input_tokens", "output_tokens", "prefix_blocks")


@dataclass(frozen=True, slots=True)
class Mooncake(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By the keys of its first line."""
        keys = first_object(head)
        return {"timestamp", "input_length", "output_length"} <= keys and "chat_id" not in keys

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`."""
        notes.facts["prefix_block_tokens"] = BLOCK_TOKENS
        return read_json_lines(file, NAMES, _row, KEYS)


def _row(value: Any) -> Mapping[str, Any]:
    read = an_object(value)
    return {
        "arrival_s": number(read, "timestamp") / 1e3,
        "input_tokens": whole(read, "input_length"),
        "output_tokens": whole(read, "output_length"),
        "prefix_blocks": wholes(read, "hash_ids"),
    }


READER = Mooncake("mooncake", "Mooncake: JSON lines with timestamp (ms), input_length, output_length, hash_ids", REQUESTS)
