"""Whole answers from a batch of prompts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from cloudsim.errors import ModelError
from cloudsim.l2a.decoder import Running, SkippingDecoder
from cloudsim.l2a.gates import StopGate
from cloudsim.l2a.plan import Plan, Planner
from cloudsim.l2a.sampling import Sampling

# Finished rows are dropped when they are this share of the batch: sooner costs copies, later computes what nobody reads.
DROPPED_FROM = 0.25


@dataclass(frozen=True, slots=True)
class Words:
    """Token ids with a meaning for generation.

    Args:
        end: ends an answer.
        thought_end: written by force where the stop gate ends the reasoning; its last token marks the end of the reasoning.
        digits: tokens inside which nothing is cut.
    """

    end: frozenset[int]
    thought_end: tuple[int, ...] = ()
    digits: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Answers:
    """What a batch wrote.

    Args:
        tokens: new tokens of each row, its end token included where there was room for one.
        plan: what each row ran.
        think_tokens: tokens of reasoning of each row.
        cut: whether the stop gate ended its reasoning.
    """

    tokens: list[list[int]]
    plan: Plan
    think_tokens: list[int]
    cut: list[bool]


@dataclass(frozen=True, slots=True)
class Stopping:
    """The reasoning-to-answer gate at work. Args: budget: (depth, width, tokens) of each row, shape (rows, 3)."""

    gate: StopGate
    budget: Tensor
    threshold: float = 0.0


@dataclass(slots=True)
class _Row:
    number: int
    room: int
    tokens: list[int] = field(default_factory=list)
    forced: list[int] = field(default_factory=list)
    thinking: bool = True
    think_tokens: int = 0
    cut: bool = False
    done: bool = False


def generate(
    decoder: SkippingDecoder, prompts: Sequence[Sequence[int]], budget: Tensor, planner: Planner, words: Words,
    max_new_tokens: int | Sequence[int],
    *, sampling: Sampling | None = None, stopping: Stopping | None = None, static_cache: bool = True, names: Sequence[int] | None = None,
    longest: int | None = None,
) -> Answers:  # fmt: skip
    """Answer prompts in one batch; each row's tokens are those it would get alone.

    Args:
        budget: (depth, width, tokens) of each row. Shape (rows, 3).
        words: ids with a meaning.
        max_new_tokens: longest answer, of all rows or of each.
        static_cache: reserve the whole cache at once.
        names: of the rows' random streams; their numbers by default.
        longest: tokens of prompt and answer together that the model takes.

    Raises:
        ModelError: a prompt is empty or too long, or a budget is outside [0, 1].
    """
    sampling = sampling or Sampling()
    rooms = [max_new_tokens] * len(prompts) if isinstance(max_new_tokens, int) else list(max_new_tokens)
    _check(prompts, budget, rooms, longest)
    streams = sampling.streams(list(names if names is not None else range(len(prompts))))
    rows = [_Row(number, room, thinking=bool(words.thought_end)) for number, room in enumerate(rooms)]
    capacity = max(map(len, prompts)) + max(rooms) if static_cache else None
    running = decoder.prefill([list(prompt) for prompt in prompts], budget, planner, capacity)
    plan = running.plan
    active = list(rows)
    while True:
        chosen = sampling.choose(running.logits, [streams[row.number] for row in active])
        stops = _stops(running, active, chosen, words, stopping)
        for row, token, stop in zip(active, chosen.tolist(), stops, strict=True):
            _write(row, token, stop, words)
        # Nobody reads the last token.
        if all(row.done for row in active):
            break
        tokens = torch.tensor([row.tokens[-1] for row in active])
        kept = [index for index, row in enumerate(active) if not row.done]
        if len(active) - len(kept) >= DROPPED_FROM * len(active):
            chosen_rows = torch.tensor(kept)
            running.keep(chosen_rows)
            active, tokens = [active[index] for index in kept], tokens[chosen_rows]
        decoder.decode(running, tokens)
    return Answers([row.tokens for row in rows], plan, [row.think_tokens for row in rows], [row.cut for row in rows])


def _stops(running: Running, active: list[_Row], chosen: Tensor, words: Words, stopping: Stopping | None) -> list[bool]:
    nobody = [False] * len(active)
    if stopping is None or not words.thought_end:
        return nobody
    budget = stopping.budget[torch.tensor([row.number for row in active])]
    # A token budget of 1 asks for the whole chain; a number is never cut in two.
    may_stop = [
        limited and row.thinking and not row.done and token not in words.digits
        for limited, row, token in zip((budget[:, 2] < 1.0).tolist(), active, chosen.tolist(), strict=True)
    ]
    if not any(may_stop):
        return nobody
    with torch.inference_mode():
        logits = stopping.gate(running.state.unsqueeze(1), budget).squeeze(1)
    return [may and logit > stopping.threshold for may, logit in zip(may_stop, logits.tolist(), strict=True)]


def _write(row: _Row, token: int, stop: bool, words: Words) -> None:
    if row.done:
        return
    if row.forced:
        token = row.forced.pop(0)
    elif stop and token != words.thought_end[0]:
        row.cut = True
        token, *row.forced = words.thought_end
    row.tokens.append(token)
    if row.thinking:
        if token == words.thought_end[-1] or (words.thought_end and token == words.thought_end[0]):
            row.thinking = False
        else:
            row.think_tokens += 1
    row.done = token in words.end or len(row.tokens) >= row.room


def _check(prompts: Sequence[Sequence[int]], budget: Tensor, rooms: Sequence[int], longest: int | None) -> None:
    problems = [f"prompt {number}: is empty; at least one token is needed" for number, prompt in enumerate(prompts) if not len(prompt)]
    if not prompts:
        problems.append("there are no prompts")
    if longest is not None:
        problems += [
            f"prompt {number}: {len(prompt)} tokens and {room} new ones exceed the model's {longest}"
            for number, (prompt, room) in enumerate(zip(prompts, rooms, strict=True))
            if len(prompt) + room > longest
        ]
    if least := [room for room in rooms if room < 1]:
        problems.append(f"max_new_tokens is {least[0]}; at least one token is written")
    if budget.shape != (len(prompts), 3):
        problems.append(f"budget: has the shape {tuple(budget.shape)}, not ({len(prompts)}, 3)")
    else:
        outside = ((budget < 0) | (budget > 1) | budget.isnan()).any(1).nonzero().squeeze(1).tolist()
        problems += [f"budget {number}: {budget[number].tolist()} has shares outside [0, 1]" for number in outside]
    if problems:
        raise ModelError(*problems)
