"""Traffic made of stated parts: gaps, a rate that changes, lengths of prompts and answers, and what else may be said of requests.

Input and output lengths are drawn independently of each other and of the arrivals: in the published traces their correlation lies
between -.11 and .07.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from traces.errors import TraceError
from traces.generators.conversations import Conversations
from traces.generators.difficulty import Difficulty
from traces.generators.gaps import Gaps
from traces.generators.lengths import Lengths
from traces.generators.priced_zone import HOUR_S
from traces.generators.rate import RateShape, expected_arrivals
from traces.generators.reasoning import Reasoning
from traces.options import Generated, Positive, Text, check_duration
from traces.tables import Floats, Ints, RequestTrace

if TYPE_CHECKING:
    import pyarrow as pa

WARM_UP_CONVERSATIONS = 5
"""Mean lengths of a conversation before time 0, so that at time 0 as many are under way as later."""


class Traffic(Generated):
    """Requests that arrive by a renewal process on a clock that runs faster when the rate is high.

    Args:
        rate_rps: mean arrivals a second, before the shapes.
        gaps: distribution of the gaps at constant rate.
        rate: how the rate changes; the factors of all shapes multiply. None of them for a constant rate.
        input: lengths of prompts; with conversations those of the questions.
        output: lengths of answers, reasoning included.
        tiers: share of the requests of each tier, or of the conversations; they sum to 1. None says nothing of tiers.
        reasoning: how much of the answers is reasoning; None says nothing of it.
        difficulty: of what is asked; None says nothing of it.
        conversations: requests come in conversations; None for requests that know nothing of each other.
    """

    rate_rps: Positive
    gaps: Gaps
    rate: list[RateShape] = Field(default_factory=list)
    input: Lengths
    output: Lengths
    tiers: dict[Text, Annotated[float, Field(gt=0, le=1)]] | None = None
    reasoning: Reasoning | None = None
    difficulty: Difficulty | None = None
    conversations: Conversations | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.tiers is not None and abs(sum(self.tiers.values()) - 1) > 1e-6:
            raise TraceError(f"{type(self).__name__}: tiers must sum to 1; they sum to {sum(self.tiers.values()):g}")
        return self

    def requests(self, duration_s: float, rng: np.random.Generator) -> Iterator[RequestTrace]:
        """Requests that arrive in [0, `duration_s`); see `traces.sources.TrafficSource`."""
        check_duration(type(self).__name__, duration_s)
        edge_s, expected = expected_arrivals(duration_s, self.rate_rps / self._turns, self.rate, rng)
        clock = self.gaps.times(float(expected[-1]), rng)
        begin_s = np.asarray(np.interp(clock, expected, edge_s))
        made = self._single(begin_s, rng) if self.conversations is None else self._talks(begin_s, duration_s, self.conversations, rng)
        if not len(made):
            raise TraceError(f"{self.name}: no request arrives in {duration_s:g} s at {self.rate_rps:g} requests/s; make the run longer")
        yield made.check()

    @property
    def _turns(self) -> float:
        return self.conversations.mean_turns if self.conversations is not None else 1.0

    def _single(self, arrival_s: Floats, rng: np.random.Generator) -> RequestTrace:
        """Requests that know nothing of each other."""
        tiers_rng, *others = rng.spawn(3)
        told = self._told(arrival_s, rng, others)
        return replace(told, more=self._tier(self._tiers(len(told), tiers_rng)) | dict(told.more))

    def _told(self, arrival_s: Floats, rng: np.random.Generator, chances: Sequence[np.random.Generator]) -> RequestTrace:
        """Lengths, and what hangs on them; `chances` are for reasoning and for difficulty."""
        inputs, outputs = (lengths.draw(len(arrival_s), rng) for lengths in (self.input, self.output))
        drawn: dict[str, Floats | Ints] = {}
        if self.reasoning is not None:
            drawn["reasoning_tokens"] = self.reasoning.draw(outputs, chances[0])
        if self.difficulty is not None:
            drawn["difficulty"] = self.difficulty.draw(outputs, chances[1])
        if not drawn:
            return RequestTrace(arrival_s, inputs, outputs, (self.source,))
        import pyarrow as pa

        return RequestTrace(arrival_s, inputs, outputs, (self.source,), {name: pa.array(column) for name, column in drawn.items()})

    def _talks(self, begin_s: Floats, duration_s: float, talks: Conversations, rng: np.random.Generator) -> RequestTrace:
        """The turns of conversations that begin at `begin_s` or before time 0."""
        import pyarrow as pa

        before_s = WARM_UP_CONVERSATIONS * talks.mean_turns * talks.pause.mean_h * HOUR_S
        early = self.gaps.times(before_s * self.rate_rps / talks.mean_turns, rng)
        begin_s = np.concatenate((early * talks.mean_turns / self.rate_rps - before_s, begin_s))
        turns = talks.turns(len(begin_s), rng)
        session = np.repeat(np.arange(len(turns)), turns)
        turn = np.arange(len(session)) - np.repeat(np.cumsum(turns) - turns, turns)
        _, *chances, tiers_rng = rng.spawn(4)
        told = self._told(talks.times(begin_s, turns, rng), rng, chances)
        system, system_tokens = np.zeros(len(turns), dtype=np.int64), 0
        if talks.system is not None:
            weights = np.arange(1.0, talks.system.count + 1) ** -talks.system.skew
            system, system_tokens = rng.choice(talks.system.count, len(turns), p=weights / weights.sum()), talks.system.tokens
        thought = np.asarray(told.more["reasoning_tokens"]) if self.reasoning is not None else 0
        prompts = talks.prompts(told.input_tokens, told.output_tokens - thought, turn, system_tokens)  # reasoning is not said again
        here = (told.arrival_s >= 0) & (told.arrival_s < duration_s) & (prompts <= talks.most_tokens)
        rows = np.flatnonzero(here)[np.argsort(told.arrival_s[here], kind="stable")]
        more = dict(told.take(rows).more) | self._tier(self._tiers(len(turns), tiers_rng)[session[rows]])
        more["session_id"] = pa.array(np.char.add("s", session[rows].astype(str)))
        more["turn"] = pa.array(turn[rows] + 1)
        more["prefix_blocks"] = talks.blocks(prompts[rows], session[rows], turn[rows], system[session[rows]])
        return RequestTrace(told.arrival_s[rows], prompts[rows], told.output_tokens[rows], (self.source,), more, talks.block_tokens)

    def _tiers(self, count: int, rng: np.random.Generator) -> Ints:
        """Numbers of so many tiers; without tiers nobody asks which. Shape (count,)."""
        if self.tiers is None:
            return np.zeros(count, dtype=np.int64)
        return np.searchsorted(np.cumsum(list(self.tiers.values()))[:-1], rng.random(count), side="right")

    def _tier(self, numbers: Ints) -> dict[str, pa.Array]:
        """The column of tiers; none without tiers."""
        if self.tiers is None:
            return {}
        import pyarrow as pa

        return {"tier": pa.array(list(self.tiers)).take(pa.array(numbers))}
