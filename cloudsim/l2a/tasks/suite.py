"""The problems of an evaluation, as token ids, with what a right answer is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from zlib import crc32

from cloudsim.errors import ModelError
from cloudsim.l2a.tasks.families import families, held_out, split
from cloudsim.l2a.tasks.problem import HELD_OUT_IN, Effort, Family, Problem
from cloudsim.l2a.tasks.vocabulary import build_tokenizer, read_answer

SPLITS = ("id", "ood", "depth")
IN_HEAD = ("cups", "hops")
"""Families that the `depth` split asks for at once, without a chain: harder problems need more layers."""

CALIBRATION_IN = 5
ROOM, ROOM_TOKENS = 1.25, 8


@dataclass(frozen=True, slots=True)
class Question:
    """One problem as a model meets it.

    Args:
        problem: what it was drawn as.
        prompt: token ids.
        worked: token ids of the worked answer.
        limit: most tokens an answer may have, a quarter more than the longest worked one needs; what has not ended by then is wrong.
    """

    problem: Problem
    prompt: tuple[int, ...]
    worked: tuple[int, ...]
    limit: int

    @classmethod
    def of(cls, problem: Problem, effort: Effort) -> "Question":
        """Tokens of a problem at an effort."""
        encode = partial(build_tokenizer().encode, add_special_tokens=False)
        worked = encode(problem.completion(effort))
        longest = max(len(worked), len(encode(problem.completion(Effort.FULL))))
        limit = round(ROOM * longest) + ROOM_TOKENS
        return cls(problem, tuple(encode(problem.prompt(effort))), tuple(worked), limit)

    def is_right(self, tokens: Sequence[int]) -> bool:
        """Whether the answer in these tokens is the problem's."""
        return is_right(tokens, self.problem)


def is_right(tokens: Sequence[int], problem: Problem) -> bool:
    """Whether the answer in these tokens is the problem's."""
    return read_answer(str(build_tokenizer().decode(list(tokens)))) == "".join(problem.answer.split())


def suite(name: str, count: int, seed: int, effort: Effort = Effort.FULL) -> list[Question]:
    """`count` different held-out problems of a split.

    Args:
        name: `id`, the families trained on; `ood`, those that are not; `depth`, families answered in the head, where the effort is fixed.
        seed: of the draws.
        effort: kind of chain that is asked for.

    Raises:
        ModelError: there is no such split.
    """
    chosen, effort = _families(name, effort)
    return [Question.of(problem, effort) for problem in _drawn(chosen, count, f"evaluation {seed}", lambda part: part != 0)]


def calibration_suite(count: int, seed: int, effort: Effort = Effort.FULL, in_head: float = 0.25) -> list[Question]:
    """Held-out problems that no evaluation draws, whatever its seed.

    Args:
        count, seed, effort: see `suite`.
        in_head: share of the `depth` split; the rest is of the `id` split.
    """
    questions = []
    deep = round(count * in_head)
    for name, share in (("id", count - deep), ("depth", deep)):
        chosen, asked = _families(name, effort)
        questions += [Question.of(problem, asked) for problem in _drawn(chosen, share, f"calibration {seed}", lambda part: part == 0)]
    return questions


def _families(name: str, effort: Effort) -> tuple[list[Family], Effort]:
    if name not in SPLITS:
        raise ModelError(f"splits: found {name!r}; accepted: {', '.join(SPLITS)}")
    if name == "depth":
        return [families()[family] for family in IN_HEAD], Effort.DIRECT
    return split(name), effort


def _drawn(chosen: Sequence[Family], count: int, stream: str, wanted: Callable[[int], bool]) -> list[Problem]:
    """The first `count` problems of a stream whose question falls into the wanted part of all held-out ones."""
    drawn = 2 * count
    while True:
        problems = held_out(chosen, drawn, crc32(stream.encode()))
        kept = [problem for problem in problems if wanted(crc32(problem.question.encode()) // HELD_OUT_IN % CALIBRATION_IN)]
        if len(kept) >= count:
            return kept[:count]
        drawn *= 2
