"""A reasoning problem, its worked chain, and the text a model is trained on."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Protocol
from zlib import crc32

HELD_OUT_IN = 8


def is_held_out(question: str) -> bool:
    """Whether a question belongs to evaluation: an eighth of all, chosen by their text, is never trained on."""
    return crc32(question.encode()) % HELD_OUT_IN == 0


class Effort(StrEnum):
    """How much reasoning is written before the answer; the tokens dimension of a budget. A marker of this name opens the prompt."""

    FULL = "full"
    TERSE = "terse"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem with its solution.

    Args:
        family: name of the generator.
        difficulty: steps that must be done one after the other, from 1.
        question: words separated by single blanks.
        steps: the chain in full, one statement a step; empty where the family is answered in the head.
        terse: the same chain with nothing repeated.
        check: a verification that may follow the chain and does not change the answer.
        answer: a number or a word.
    """

    family: str
    difficulty: int
    question: str
    steps: tuple[str, ...]
    terse: tuple[str, ...]
    check: str
    answer: str

    @property
    def held_out(self) -> bool:
        """Whether the problem belongs to evaluation."""
        return is_held_out(self.question)

    def prompt(self, effort: Effort) -> str:
        """What the model is given."""
        return f"<bos> <{effort}> {self.question} <think>"

    def reasoning(self, effort: Effort) -> tuple[str, str]:
        """What it should think: the chain, and the part after it that could be left out."""
        if effort is Effort.DIRECT or not self.steps:
            return "", ""
        if effort is Effort.TERSE:
            return " . ".join(self.terse), ""
        return " . ".join(self.steps) + " .", self.check

    def completion(self, effort: Effort) -> str:
        """What it should write after the prompt."""
        body = " ".join(part for part in self.reasoning(effort) if part)
        return f"{body} </think> <answer> {self.answer} </answer> <eos>".strip()


class Family(Protocol):
    """A generator of problems of one kind.

    Attributes:
        name: as it appears in `Problem.family`.
        hardest: the largest difficulty it makes.
        split: `id` if it is trained on and evaluated; `ood` if it is only evaluated; `warmup` if it is only trained on.
    """

    name: str
    hardest: int
    split: str

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        ...
