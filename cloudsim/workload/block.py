"""A stretch of the requests of a run, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from traces.tables import Floats, RequestTrace

if TYPE_CHECKING:
    from cloudsim.l2a.tasks.problem import Problem

BLOCK = 65_536
"""Requests of every block but the last; request `i` of a run lies in block `i // BLOCK`."""

Columns = Mapping[str, NDArray[Any]]
"""What was noted of the requests of a block, by name. Shape (n,) each."""


@dataclass(frozen=True, slots=True)
class RequestBlock:
    """Neighbouring requests in order of arrival; every contender of a replication faces the same ones.

    Args:
        number: of the block in its run, from 0.
        trace: arrivals and lengths; its sources are those of all that is drawn as well.
        reasoning_tokens: of the output tokens, those that a budget may shorten. Shape (n,).
        tier: index into the tiers of the configuration. Shape (n,).
        difficulty, difficulty_seen: the latent difficulty and what a router believes it to be, in [0, 1]. Shape (n,).
        luck: uniform number in [0, 1) that decides whether an answer is right: the request's own. Shape (n,).
        signal: uniform number in [0, 1) behind what routers, users and verifiers can tell of an answer. Shape (n,).
        output_seen: what a scheduler believes the output tokens to be, at least 1. Shape (n,).
        tenant: number of the tenant that sent it, the largest first. Shape (n,).
        conversation: number of the conversation it belongs to, -1 for none. Shape (n,), or (0,) where the trace has no conversations.
        turn: its number in that conversation, 0 for none. shared_tokens: of its prompt, those that the last turn had too. Shapes alike.
        problem: where requests carry problems of a measured suite, their numbers in it. Shape (n,), or (0,).
        questions: where they carry fresh ones for a network, those problems.
    """

    number: int
    trace: RequestTrace
    reasoning_tokens: NDArray[np.int64]
    tier: NDArray[np.int8]
    difficulty: Floats
    difficulty_seen: Floats
    luck: Floats
    signal: Floats
    output_seen: NDArray[np.int64]
    tenant: NDArray[np.int32]
    conversation: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    turn: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    shared_tokens: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    problem: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    questions: "tuple[Problem, ...]" = ()

    def __len__(self) -> int:
        return len(self.trace)

    @property
    def first(self) -> int:
        """Number of its first request in the run."""
        return self.number * BLOCK
