"""Answers by problem and budget, each written once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.suite import Question

BLOCK = 4
"""Answers written together: few, so that none is written for nobody; a prompt and its draft fill a matrix product anyway."""
Asked = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Written:
    """What the network wrote after one prompt.

    Args:
        tokens: token ids, the end token included where there was room for one.
        think_tokens: tokens of reasoning.
        layers: the layers it ran.
        units: KV head groups it ran, summed over the layers.
    """

    tokens: tuple[int, ...]
    think_tokens: int
    layers: tuple[int, ...]
    units: int


class Writer(Protocol):
    """Answers questions at one budget in one batch."""

    def answer(self, questions: Sequence[Question], asked: Asked) -> list[Written]:
        """See `LiveNetwork.answer`."""


class AnswerMemo:
    """A network's answers to the problems of a run or a suite.

    The first answer of a block of neighbours at a budget has the whole block written in one batch: which problems share a batch hangs
    on their numbers alone, not on what a policy did.
    """

    def __init__(self, network: Writer, problems: Sequence[Problem]) -> None:
        self._network, self._problems = network, problems
        self._blocks: dict[tuple[int, Asked], list[Written]] = {}

    def written(self, index: int, asked: Asked) -> Written:
        """The answer to problem number `index`."""
        block = index // BLOCK
        if (block, asked) not in self._blocks:
            effort = ComputeBudget(*asked).effort
            problems = self._problems[block * BLOCK : (block + 1) * BLOCK]
            self._blocks[block, asked] = self._network.answer([Question.of(problem, effort) for problem in problems], asked)
        return self._blocks[block, asked][index % BLOCK]
