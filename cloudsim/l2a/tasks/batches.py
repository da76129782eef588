"""Problems as padded tensors, made anew for every step from nothing but a seed and the step's number."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from cloudsim.errors import ModelError
from cloudsim.l2a.tasks.families import split, training
from cloudsim.l2a.tasks.problem import Effort, Problem
from cloudsim.l2a.tasks.vocabulary import build_tokenizer

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerFast

SHAPE_MULTIPLE = 16
LOOK_UP = 0.04
"""Share of a step's problems that only teach to look up, also when the warm-up is over."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one padded tensor.

    Args:
        tokens: prompt, completion, padding on the right. Shape (rows, length).
        prompt_tokens: tokens of each prompt. Shape (rows,).
        weights: weight in the loss of each token as a target; 0 for prompt and padding. Shape (rows, length).
        stop_from: first position at which the reasoning may end without harm to the answer; length where there is none. Shape (rows,).
        thinking: whether the token belongs to the reasoning. Shape (rows, length).
    """

    tokens: "Tensor"
    prompt_tokens: "Tensor"
    weights: "Tensor"
    stop_from: "Tensor"
    thinking: "Tensor"


@dataclass(frozen=True, slots=True)
class Example:
    """One row: token ids of the prompt and of the completion, and where the reasoning could stop."""

    prompt: list[int]
    completion: list[int]
    needed: int
    thinking: int
    answer_weight: float


def example(problem: Problem, effort: Effort, checked: bool = True) -> Example:
    """Tokens of a problem at an effort; without `checked` the verification after the chain is left out."""
    encode = build_tokenizer().encode
    chain, check = problem.reasoning(effort)
    check = check if checked else ""
    prompt = encode(problem.prompt(effort), add_special_tokens=False)
    needed = encode(chain, add_special_tokens=False)
    extra = encode(check, add_special_tokens=False)
    ending = encode(f"</think> <answer> {problem.answer} </answer> <eos>", add_special_tokens=False)
    # An answer given in the head has a few tokens to learn from where a chain has forty.
    weight = 1.0 if chain else 4.0
    return Example(prompt, needed + extra + ending, len(needed), len(needed) + len(extra), weight)


def collate(examples: Iterable[Example], padding: int | None = None) -> Batch:
    """Pad examples on the right to a common length, a multiple of 16 so that few shapes occur.

    Args:
        padding: token to pad with; that of the embedded model's tokenizer unless given.
    """
    import torch

    rows = list(examples)
    length = max(len(row.prompt) + len(row.completion) for row in rows)
    length = -(-length // SHAPE_MULTIPLE) * SHAPE_MULTIPLE
    filler = build_tokenizer().pad_token_id if padding is None else padding
    tokens = torch.full((len(rows), length), filler, dtype=torch.long)
    weights, thinking = torch.zeros(len(rows), length), torch.zeros(len(rows), length, dtype=torch.bool)
    stop_from = torch.full((len(rows),), length, dtype=torch.long)
    for index, row in enumerate(rows):
        start, end = len(row.prompt), len(row.prompt) + len(row.completion)
        tokens[index, :end] = torch.tensor(row.prompt + row.completion)
        weights[index, start:end] = 1.0
        weights[index, start + row.thinking : end] = row.answer_weight
        thinking[index, start : start + row.thinking] = True
        if row.thinking:
            stop_from[index] = start + row.needed
    return Batch(tokens, torch.tensor([len(row.prompt) for row in rows]), weights, stop_from, thinking)


def micro_batches(examples: Iterable[Example], rows: int, padding: int | None = None) -> list[Batch]:
    """Batches of at most `rows` examples, those of like length together; see `collate`."""
    sorted_rows = sorted(examples, key=lambda row: len(row.prompt) + len(row.completion))
    return [collate(sorted_rows[first : first + rows], padding) for first in range(0, len(sorted_rows), rows)]


@dataclass(frozen=True, slots=True)
class Mixture:
    """What a step's problems are drawn from: the `ProblemSource` (`cloudsim.l2a.data`) of the procedural problems.

    Args:
        seed: of the data.
        problems: problems a step and process.
        rows: rows of one micro-batch; problems of like length share one.
        terse, direct: shares written tersely and answered at once; the rest is written in full.
        unchecked: share of the full chains that lack their verification, so that a model can do without.
        families: names; empty for all that are trained on.
        in_head: families half of whose problems are answered at once, at any difficulty.
        warmup: share of problems that only teach to look up, at no reach; it falls as difficulties come in.
        direct_reach: largest difficulty answered at once in other families; a harder one drawn for that is written tersely.

    Raises:
        ModelError: a family that does not exist or is kept for out-of-distribution evaluation.
    """

    seed: int = 0
    problems: int = 64
    rows: int = 32
    terse: float = 0.25
    direct: float = 0.10
    unchecked: float = 0.2
    families: tuple[str, ...] = ()
    direct_reach: int = 2
    in_head: tuple[str, ...] = ("cups", "hops")
    warmup: float = 0.7

    def __post_init__(self) -> None:
        trained = [family.name for family in split("id")]
        if unknown := [name for name in self.families if name not in trained]:
            raise ModelError(f"families: {', '.join(map(repr, unknown))} cannot be trained on; there are {', '.join(trained)}")

    @property
    def about(self) -> str:
        """What is drawn, in words."""
        return "the procedural reasoning problems of cloudsim"

    @property
    def tokenizer(self) -> "PreTrainedTokenizerFast":
        """That of the procedural problems."""
        return build_tokenizer()

    def held_out_prompts(self, count: int) -> list[list[int]]:
        """Prompts of the `id` split that calibrate gates; no evaluation uses them."""
        from cloudsim.l2a.tasks.suite import calibration_suite

        return [list(question.prompt) for question in calibration_suite(count, 0, in_head=0.0)]

    def draw(self, step: int, rank: int, reach: float = 1.0) -> list[Batch]:
        """Micro-batches of a step; equal arguments give equal batches in any process."""
        stream = f"{self.seed} {step} {rank}"
        chosen = [family for family in split("id") if not self.families or family.name in self.families]
        random = Random(f"effort {stream}")
        look_up = sum(random.random() < LOOK_UP + self.warmup * (1 - reach) for _ in range(self.problems))
        drawn = [
            *islice(training(chosen, f"problems {stream}", reach), self.problems - look_up),
            *islice(training(split("warmup"), f"warm-up {stream}"), look_up),
        ]
        return micro_batches((self._example(problem, random) for problem in drawn), self.rows)

    def _example(self, problem: Problem, random: Random) -> Example:
        in_head, drawn, checked = random.random() < 0.5, random.random(), random.random() >= self.unchecked
        if problem.family in self.in_head and in_head:
            return example(problem, Effort.DIRECT)
        if drawn < self.direct and problem.difficulty <= self.direct_reach:
            return example(problem, Effort.DIRECT)
        if drawn < self.direct + self.terse:
            return example(problem, Effort.TERSE)
        return example(problem, Effort.FULL, checked)
