"""Qwen-Bailian's traces: one JSON object a line with chat_id, parent_chat_id, timestamp (s), lengths, type, turn, hash_ids of 16 tokens.

A conversation is called after the chat_id of its first turn; turns whose parent is not in the file begin a conversation of their own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from traces.reading.block import Block
from traces.reading.opening import TraceFile
from traces.reading.reader import Described, Notes, ReadOptions
from traces.reading.rows import an_object, first_object, number, read_json_lines, text, whole, wholes
from traces.schemas import REQUESTS

BLOCK_TOKENS = 16
KEYS = {"arrival_s": "timestamp", "input_tokens": "input_length", "output_tokens": "output_length"}
NAMES = ("arrival_s", "input_tokens", "output_tokens", "task", "session_id", "turn", "prefix_blocks")


@dataclass(frozen=True, slots=True)
class QwenBailian(Described):
    """See the module."""

    def recognises(self, file: TraceFile, head: bytes) -> bool:
        """By the keys of its first line."""
        return {"chat_id", "parent_chat_id", "timestamp", "input_length", "output_length"} <= first_object(head)

    def blocks(self, file: TraceFile, options: ReadOptions, notes: Notes) -> Iterator[Block]:
        """See `Reader`. Keeps one entry a chat, to know which conversation it belongs to."""
        notes.facts["prefix_block_tokens"] = BLOCK_TOKENS
        begun: dict[str, str] = {}

        def row(value: Any) -> Mapping[str, Any]:
            read = an_object(value)
            chat, parent = text(read, "chat_id"), text(read, "parent_chat_id")
            made = {
                "arrival_s": number(read, "timestamp"),
                "input_tokens": whole(read, "input_length"),
                "output_tokens": whole(read, "output_length"),
                "task": text(read, "type", None),
                "turn": whole(read, "turn", None),
                "prefix_blocks": wholes(read, "hash_ids"),
            }
            begun[chat] = made["session_id"] = begun.get(parent, chat)
            return made

        return read_json_lines(file, NAMES, row, KEYS)


READER = QwenBailian("qwen_bailian", "Qwen-Bailian: JSON lines with chat_id, parent_chat_id, timestamp (s), lengths, hash_ids", REQUESTS)
