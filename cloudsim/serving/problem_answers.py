"""Requests that carry real problems: what each was answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from cloudsim.cluster.pool import Pool
from cloudsim.models.elastic import Level
from cloudsim.serving.request import Request
from cloudsim.workload.block import Columns, RequestBlock

if TYPE_CHECKING:
    from cloudsim.serving.replica import Replica


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a model.

    Args:
        level: what it ran: the level with the layers and head groups that the gates chose.
        new_tokens: its length, from 1.
        right: whether it is the problem's answer.
        tokens: its token ids, where a network wrote it.
    """

    level: Level
    new_tokens: int
    right: bool
    tokens: tuple[int, ...] = ()


class Book(Protocol):
    """Looks answers up, or has them written."""

    def answer(self, request: int, pool: str, level: Level) -> Answer:
        """The answer of a pool's model at a level."""

    def continued(self, request: int, pool: str, level: Level, before: Answer, generated_tokens: int) -> Answer:
        """The answer if another model or level goes on after the first tokens of `before`; `new_tokens` counts those too."""

    def cut(self, request: int, pool: str, level: Level, before: Answer, generated_tokens: int) -> Answer:
        """The answer if the reasoning of `before` ends here; `level` is the leanest, for books that know no better."""


class ProblemAnswers:
    """The `Answers` of requests with problems.

    A request that lost its replica goes on with its answer where it comes back at the same level of the same model, for nothing it reads
    has changed; else the answer is continued by what it comes to.
    """

    def __init__(self, book: Book, pools: Mapping[str, Pool]) -> None:
        self._book, self._pools = book, pools
        self._given: dict[int, tuple[str, int, Answer]] = {}

    def give(self, request: Request, pool: str, level: Level) -> None:
        """See `Answers`."""
        index = request.index
        known = self._given.get(index)
        model = self._pools[pool].profile.name
        if known is None or not request.generated_tokens:
            answer = self._book.answer(index, pool, level)
        elif known[:2] == (model, level.index):
            answer = known[2]
        else:
            answer = self._book.continued(index, pool, level, known[2], request.generated_tokens)
        self._given[index] = (model, level.index, answer)
        request.level, request.token_level, request.output_tokens = answer.level, level, answer.new_tokens
        request.reasoning_share = level.tokens

    def squeeze(self, request: Request, pool: str, level: Level, generated_tokens: int) -> int:
        """See `Answers`."""
        model, at, before = self._given[request.index]
        answer = self._book.cut(request.index, pool, level, before, generated_tokens)
        self._given[request.index] = (model, at, answer)
        request.token_level, request.reasoning_share = level, level.tokens
        return answer.new_tokens

    def right(self, request: Request) -> bool:
        """See `Answers`."""
        return self._given[request.index][2].right

    def right_at(self, request: Request, pool: str, level: Level) -> bool:
        """See `Answers`; a network has to write it."""
        return self._book.answer(request.index, pool, level).right

    def share(self, request: Request) -> float:
        """See `Answers`."""
        measured = self._pools[cast("Replica", request.replica).pool].measured
        assert measured is not None, "problems come from measured profiles"
        return measured.levels[self._given[request.index][1]].accuracy

    def agreement(self, request: Request, signal: float) -> float:
        """See `Answers`."""
        return 1.0

    def most_samples(self, pool: str) -> int:
        """See `Answers`."""
        return 1

    def settle(self, block: RequestBlock, noted: Columns) -> Mapping[str, NDArray[Any]]:
        """See `Answers`; they are forgotten."""
        given = [self._given.pop(request, None) for request in noted["request"].tolist()]
        answers = [known[2] if known is not None else None for known in given]
        return {
            "right": np.array([answer is not None and answer.right for answer in answers], dtype=np.bool_),
            "depth": np.array([np.nan if answer is None else answer.level.depth for answer in answers], dtype=np.float32),
            "width": np.array([np.nan if answer is None else answer.level.width for answer in answers], dtype=np.float32),
            "output_tokens": np.array([0 if answer is None else answer.new_tokens for answer in answers], dtype=np.int32),
        }
