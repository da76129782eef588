"""Requests that belong together: the turns of conversations, whose prompts begin with all that was said before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from traces.generators.durations import Duration
from traces.options import Part, Tokens
from traces.tables import Floats, Ints

if TYPE_CHECKING:
    import pyarrow as pa

SESSION_BLOCKS = 1 << 24
"""Numbers of blocks that a conversation has for itself: of whole blocks the lower half, of last ones the upper."""


class SystemPrompts(Part):
    """Prompts that many conversations begin with.

    Args:
        count: how many there are.
        tokens: length of each.
        skew: the r-th is chosen with a weight of r ^ -skew; 0 for all alike.
    """

    count: Annotated[int, Field(ge=1, le=1_000_000)]
    tokens: Tokens
    skew: Annotated[float, Field(ge=0, le=10)] = 1.0


class Conversations(Part):
    """What `Traffic` calls a request begins a conversation; its further turns follow.

    Args:
        mean_turns: of a conversation; their number is geometric.
        pause: from one turn to the next, the answer included.
        most_tokens: a conversation ends before the turn whose prompt would be longer.
        system: prompts with which conversations begin; None for none.
        block_tokens: tokens of a block of the KV cache, whose hashes say what can be shared.
    """

    mean_turns: Annotated[float, Field(ge=1, le=1000)]
    pause: Duration
    most_tokens: Tokens
    system: SystemPrompts | None = None
    block_tokens: Tokens = 512

    def turns(self, sessions: int, rng: np.random.Generator) -> Ints:
        """Number of turns of each conversation, at least 1. Shape (sessions,)."""
        return rng.geometric(1 / self.mean_turns, sessions).astype(np.int64)

    def times(self, begin_s: Floats, turns: Ints, rng: np.random.Generator) -> Floats:
        """Time of each turn, conversation by conversation. Shape (turns,)."""
        pauses = self.pause.draw_s(int(turns.sum()), rng)
        first = np.concatenate(([0], np.cumsum(turns)[:-1]))
        pauses[first] = 0.0
        since = np.cumsum(pauses)
        return np.asarray(np.repeat(begin_s - since[first], turns) + since)

    def prompts(self, inputs: Ints, outputs: Ints, turn: Ints, system_tokens: int) -> Ints:
        """Length of each turn's prompt: what was said before and what is new.

        Args:
            inputs: tokens of each turn's question, conversation by conversation. Shape (turns,).
            outputs: of its answer.
            turn: number of each in its conversation, from 0.
            system_tokens: with which every conversation begins.
        """
        said = np.cumsum(inputs + outputs)
        first = np.maximum.accumulate(np.where(turn == 0, np.arange(len(turn)), 0))
        before = said - (inputs + outputs)
        return np.asarray(system_tokens + before - before[first] + inputs)

    def blocks(self, prompts: Ints, session: Ints, turn: Ints, system: Ints) -> pa.Array:
        """Hashes of the blocks of each prompt, as lists: equal ones hold the same tokens after the same tokens.

        Args:
            prompts: tokens. Shape (n,).
            session: number of the conversation.
            turn: in it, from 0.
            system: number of its system prompt.
        """
        import pyarrow as pa

        whole = prompts // self.block_tokens
        lengths = whole + (prompts % self.block_tokens > 0)
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        row = np.repeat(np.arange(len(prompts)), lengths)
        at = np.arange(offsets[-1]) - offsets[row]
        own = (session[row] + 1) * SESSION_BLOCKS
        # The last block is not full yet, so the next turn's block of the same place is another one.
        hashes = np.where(at < whole[row], own + at, own + SESSION_BLOCKS // 2 + turn[row])
        if self.system is not None:
            shared = at < self.system.tokens // self.block_tokens
            hashes = np.where(shared, -1 - (system[row] * SESSION_BLOCKS + at), hashes)
        return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), pa.array(hashes))
