"""One way to spend one budget, ready to answer questions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from cloudsim.l2a.cost import ModelCost
from cloudsim.l2a.decoder import SkippingDecoder
from cloudsim.l2a.evaluation.records import Record, mask_text
from cloudsim.l2a.forcing import greedy
from cloudsim.l2a.generation import Answers
from cloudsim.l2a.plan import Planner
from cloudsim.l2a.tasks.vocabulary import build_tokenizer
from cloudsim.l2a.words import words_of

if TYPE_CHECKING:
    from cloudsim.l2a.gates import StopGate
    from cloudsim.l2a.tasks.suite import Question

ELEMENT_BYTES = 4
"""Of keys and values as the evaluation keeps them, in single precision."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What answers cost, for each row: layers, groups (double, shape (rows,)), mask, and share, flops, kv_bytes as in `Record`."""

    layers: Tensor
    groups: Tensor
    masks: list[str]
    share: Tensor
    flops: Tensor
    kv_bytes: Tensor


@dataclass(frozen=True)
class Contender:
    """Answers batches of questions, and says what each answer cost.

    Args:
        decoder: of the model.
        cost: of the model when nothing is skipped.
        planner: decides for a batch.
        budget: (depth, width, tokens) of every row. Shape (3,).
        stop: the reasoning-to-answer gate, if it is at work.
        scale: dense compute of this model as a share of the dense model's, for one that is smaller.
    """

    decoder: SkippingDecoder
    cost: ModelCost
    planner: "Callable[[Sequence[Question]], Planner]"
    budget: tuple[float, float, float]
    stop: "StopGate | None" = None
    scale: float = 1.0

    def answers(self, questions: "Sequence[Question]") -> Answers:
        """What it writes, greedily."""
        budget = torch.tensor([self.budget] * len(questions))
        return greedy(self.decoder, questions, budget, self.planner(questions), words_of(build_tokenizer()), self.stop)

    def spent(self, questions: "Sequence[Question]", answers: Answers) -> Spent:
        """Counted by theory, from what each row ran."""
        prompt = torch.tensor([len(question.prompt) for question in questions])
        new = torch.tensor([len(tokens) for tokens in answers.tokens])
        flat = torch.cat([answers.plan.layers, answers.plan.groups.flatten(1)], dim=1)
        return Spent(
            answers.plan.layers.sum(1).double(), answers.plan.groups.sum((1, 2)).double(), [mask_text(row) for row in flat.tolist()],
            self.cost.share(answers.plan) * self.scale, self.cost.flops(answers.plan, prompt, new),
            self.cost.kv_bytes(answers.plan, prompt + new - 1, ELEMENT_BYTES).double(),
        )  # fmt: skip

    def records(self, questions: "Sequence[Question]", numbers: Sequence[int]) -> list[Record]:
        """Answer a batch. Args: numbers: of the questions in their suite."""
        with torch.inference_mode():
            answers = self.answers(questions)
            spent = self.spent(questions, answers)
        return [
            Record(
                numbers[row], question.problem.family, question.problem.difficulty,
                question.is_right(answers.tokens[row]),
                answers.think_tokens[row], len(answers.tokens[row]), float(spent.layers[row]), float(spent.groups[row]), spent.masks[row],
                float(spent.share[row]), float(spent.flops[row]), float(spent.kv_bytes[row]),
            )
            for row, question in enumerate(questions)
        ]  # fmt: skip
