"""Which requests are turns of one conversation, and how much of their prompts is the same."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from traces.provenance import Provenance, Source
from traces.tables import Ints, RequestTrace

MOST_OPEN = 65_536
"""Conversations that are remembered, those that spoke last; one that comes back after so many others have spoken counts as a new one."""

ASSUMED = Source(
    "prompt tokens that turns share", Provenance.ASSUMED,
    "the last turn's prompt and answer, reasoning included, but for the last token of the own prompt",
)  # fmt: skip


class Turn(NamedTuple):
    """The last turn of a conversation.

    Args:
        number: of the conversation. turn: its number in it.
        prompt, answer: tokens.
        hashes: of the blocks of its prompt; None where the trace has none.
    """

    number: int
    turn: int
    prompt: int
    answer: int
    hashes: Ints | None


class Conversations:
    """Follows the conversations of a run from block to block, in memory that stays bounded (`MOST_OPEN`).

    Attributes:
        assumed: whether for some turn the trace did not say what its prompt shares with the last one, so that it had to be assumed.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[str, Turn] = OrderedDict()
        self._count = 0
        self.assumed = False

    def columns(self, block: RequestTrace) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
        """Of the next block the number of each request's conversation, its turn, and the tokens its prompt shares with the last turn.

        Conversations are numbered in the order in which they appear; -1, turn 0 and no token for a request without one. Turns are those of
        the trace, else they are counted from 1. Where the trace has the hashes of prompt blocks of both turns, equal blocks at the
        beginning are shared; else the last turn's prompt and answer are taken to be. At least one prompt token is the turn's own.

        Returns: arrays of shape (n,), or (0,) where the trace has no conversations.
        """
        sessions = block.more.get("session_id")
        if sessions is None:
            return np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64)
        count = len(block)
        conversation, turn, shared = np.full(count, -1, np.int64), np.zeros(count, np.int32), np.zeros(count, np.int64)
        told = block.more["turn"].to_pylist() if "turn" in block.more else [None] * count
        lengths = zip(block.input_tokens.tolist(), block.output_tokens.tolist(), strict=True)
        rows = zip(sessions.to_pylist(), told, lengths, _hashes(block), strict=True)
        for row, (session, told_turn, (prompt, answer), hashes) in enumerate(rows):
            if session is None:
                continue
            last = self._last.pop(session, None)
            if last is None:
                number, at = self._count, 1
                self._count += 1
            else:
                number, at = last.number, last.turn + 1
                shared[row] = min(self._shared(last, hashes, block.prefix_block_tokens), prompt - 1)
            conversation[row] = number
            turn[row] = at = at if told_turn is None else told_turn
            self._last[session] = Turn(number, at, prompt, answer, hashes)
            if len(self._last) > MOST_OPEN:
                self._last.popitem(last=False)
        return conversation, turn, shared

    def _shared(self, last: Turn, hashes: Ints | None, block_tokens: int) -> int:
        if hashes is None or last.hashes is None:
            self.assumed = True
            return last.prompt + last.answer
        both = min(len(hashes), len(last.hashes))
        differ = np.flatnonzero(hashes[:both] != last.hashes[:both])
        return min((int(differ[0]) if len(differ) else both) * block_tokens, last.prompt)


def _hashes(block: RequestTrace) -> list[Ints | None]:
    """Of each request; copies, so that the whole block is not kept for one conversation."""
    column = block.more.get("prefix_blocks")
    if column is None or not block.prefix_block_tokens:
        return [None] * len(block)
    values, offsets = np.asarray(column.values), np.asarray(column.offsets).tolist()
    known = np.asarray(column.is_valid()).tolist()
    return [values[offsets[row] : offsets[row + 1]].copy() if known[row] else None for row in range(len(block))]
