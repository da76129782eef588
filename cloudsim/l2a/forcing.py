"""Reading worked answers through the skipping decoder: the loss of a mask, and drafts that save most of the decoding."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from cloudsim.l2a.decoder import Running, SkippingDecoder
from cloudsim.l2a.gates import Decision, StopGate
from cloudsim.l2a.generation import Answers, Stopping, Words, generate
from cloudsim.l2a.plan import Plan, Planner

if TYPE_CHECKING:
    from cloudsim.l2a.tasks.suite import Question


class PlannedRows:
    """A plan that has been made."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def reads(self, index: int) -> bool:
        """Never."""
        return False

    def decide(self, index: int, state: Tensor | None, budget: Tensor) -> Decision:
        """The plan's decisions on a layer."""
        return Decision(self._plan.layers[:, index].float(), self._plan.groups[:, index].float())


@torch.inference_mode()
def extend(decoder: SkippingDecoder, running: Running, tokens: Tensor) -> Tensor:
    """Add several tokens to every row at once.

    Args:
        tokens: shape (rows, length).

    Returns:
        Logits that follow each of them. Shape (rows, length, vocabulary).
    """
    hidden = nn.functional.embedding(tokens, decoder.embedding)
    place = running.place(tokens.shape[1], hidden)
    for index, layout in enumerate(running.layouts):
        hidden = decoder.run_layer(index, hidden, layout, running.cache, *place)
    running.cache.advance(tokens.shape[1])
    return decoder.read_out(hidden)[1]


def forced_logits(
    decoder: SkippingDecoder, questions: "Sequence[Question]", budget: Tensor, planner: Planner
) -> tuple[Plan, Tensor, Tensor]:
    """Read worked answers after their prompts.

    Args:
        budget: of each row. Shape (rows, 3).

    Returns:
        The plan; the worked answers, padded on the right with −1, shape (rows, length); and the logits at their places, shape
        (rows, length, vocabulary).
    """
    length = max(len(question.worked) for question in questions)
    worked = torch.full((len(questions), length), -1)
    for row, question in enumerate(questions):
        worked[row, : len(question.worked)] = torch.tensor(question.worked)
    capacity = max(len(question.prompt) for question in questions) + length
    running = decoder.prefill([list(question.prompt) for question in questions], budget, planner, capacity)
    first = running.logits.unsqueeze(1)
    logits = first if length == 1 else torch.cat([first, extend(decoder, running, worked[:, :-1].clamp(min=0))], dim=1)
    return running.plan, worked, logits


def forced_loss(decoder: SkippingDecoder, questions: "Sequence[Question]", planner: Planner) -> float:
    """Mean cross-entropy of the worked answers, each question with the same weight."""
    _, worked, logits = forced_logits(decoder, questions, torch.ones(len(questions), 3), planner)
    each = nn.functional.cross_entropy(logits.transpose(1, 2), worked, ignore_index=-1, reduction="none")
    return float((each.sum(1) / (worked >= 0).sum(1)).mean())


def greedy(
    decoder: SkippingDecoder, questions: "Sequence[Question]", budget: Tensor, planner: Planner, words: Words, stop: StopGate | None = None
) -> Answers:
    """What a model writes, greedily, up to each question's limit.

    Args:
        budget: of each row. Shape (rows, 3).
        stop: its reasoning-to-answer gate, if it has one. It is at work where the budget asks for fewer tokens than all.
    """
    if stop is None or bool((budget[:, 2] >= 1).all()):
        return drafted(decoder, questions, budget, planner, words)
    prompts, limits = [list(question.prompt) for question in questions], [question.limit for question in questions]
    return generate(decoder, prompts, budget, planner, words, limits, stopping=Stopping(stop, budget))


def drafted(decoder: SkippingDecoder, questions: "Sequence[Question]", budget: Tensor, planner: Planner, words: Words) -> Answers:
    """The greedy answers of `generation.generate`, faster: the worked answers are read as drafts, and only what leaves them is decoded.

    A draft is kept up to the first token that is not the likeliest one, so the tokens are those of plain greedy decoding.
    """
    plan, worked, logits = forced_logits(decoder, questions, budget, planner)
    chosen = logits.argmax(-1)
    agreed = ((chosen == worked) & (worked >= 0)).long().cumprod(1).sum(1).tolist()
    tokens = [list(question.worked[:count]) for question, count in zip(questions, agreed, strict=True)]
    for row, question in enumerate(questions):
        if agreed[row] < len(question.worked):
            tokens[row].append(int(chosen[row, agreed[row]]))
    open_rows = [row for row, own in enumerate(tokens) if own[-1] not in words.end and len(own) < questions[row].limit]
    if open_rows:
        rest = [questions[row].limit - len(tokens[row]) for row in open_rows]
        kept = PlannedRows(plan.rows(torch.tensor(open_rows)))
        prompts = [[*questions[row].prompt, *tokens[row]] for row in open_rows]
        more = generate(decoder, prompts, budget[torch.tensor(open_rows)], kept, Words(words.end), rest)
        for row, added in zip(open_rows, more.tokens, strict=True):
            tokens[row] += added
    return Answers(tokens, plan, [think_tokens(row, words) for row in tokens], [False] * len(tokens))


def think_tokens(tokens: Sequence[int], words: Words) -> int:
    """Tokens of an answer before its reasoning ends; all of them if it never does."""
    end = next((place for place, token in enumerate(tokens) if token in words.thought_end), len(tokens))
    return end if words.thought_end else 0


def by_length(questions: "Sequence[Question]", rows: int) -> list[list[int]]:
    """Numbers of the questions in batches of at most `rows`, those of like length together."""
    order = sorted(range(len(questions)), key=lambda number: (len(questions[number].prompt), len(questions[number].worked), number))
    ends = [*range(0, len(order), rows), len(order)]
    return [order[first:last] for first, last in pairwise(ends)]
