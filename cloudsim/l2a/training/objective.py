"""The objective of the paper, every term on a switch: L = L_ce + γ·L_kd + λ·|C(b) − B(b)| + λ_T·R_tok."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from cloudsim.l2a.network import L2AOutput
    from cloudsim.l2a.tasks.batches import Batch


@dataclass(frozen=True, slots=True)
class Objective:
    """Weights of the terms; 0 switches one off.

    Args:
        entropy: of the cross-entropy L_ce.
        distillation: γ, of the divergence from the frozen dense model.
        budget: λ, of the distance of realised from asked compute, summed over depth and width (`vector`) or of their mean (`scalar`).
        tokens: λ_T, of the reasoning-to-answer gate.
        scalar: hold only the mean of depth and width to the budget, as published; else each of them to its own.
        stop: how the reasoning-to-answer gate is taught. `published`: P = (1 − τ)·P_LM + τ·[</think>] with λ_T·(1 − b)·mean(1 − τ);
            `labels`: from the positions after which the answer is known to stand.
        heads: whether head groups are gated at all.
        saturation: where the loss of one budget begins to count less than its size, in nats a token; 0 for never, as published.
    """

    entropy: float = 1.0
    distillation: float = 1.0
    budget: float = 6.0
    tokens: float = 0.1
    scalar: bool = False
    stop: str = "labels"
    heads: bool = True
    saturation: float = 0.0


def compute_shares(output: "L2AOutput", heads: bool = True) -> "tuple[Tensor, Tensor]":
    """R_L and R_H of each row, shape (rows,): the share of layers that run, and the share of head groups in those.

    The first layer always runs, so no row has none.
    """
    depth = output.layers.mean(1)
    if not heads:
        return depth, depth.new_ones(depth.shape)
    return depth, (output.layers * output.groups.mean(2)).sum(1) / output.layers.sum(1)


def budget_distance(depth: "Tensor", width: "Tensor", asked: "Tensor", kinds: "Sequence[Tensor]", scalar: bool, heads: bool) -> "Tensor":
    """|C(b) − B(b)|, with C as the mean over the rows that share a budget: some of them may take more where others take less.

    Args:
        depth, width: realised, shape (rows,).
        asked: (depth, width, tokens), shape (rows, 3).
        kinds: row numbers of each budget.
    """
    terms = []
    for rows in kinds:
        deep, wide = depth[rows].mean() - asked[rows, 0].mean(), width[rows].mean() - asked[rows, 1].mean()
        if not heads:
            terms.append(deep.abs())
        elif scalar:
            terms.append(((deep + wide) / 2).abs())
        else:
            terms.append((deep.abs() + wide.abs()) / 2)
    return sum(terms, depth.new_zeros(())) / len(terms)


def cross_entropy(logits: "Tensor", batch: "Batch") -> "Tensor":
    """Weighted sum of the cross-entropies of each row's targets. Shape (rows,).

    Args:
        logits: shape (rows, length, vocabulary).
    """
    from torch.nn.functional import cross_entropy as entropy

    targets, chosen = batch.tokens[:, 1:], batch.weights[:, 1:] > 0
    return _by_row(entropy(logits[:, :-1][chosen].float(), targets[chosen], reduction="none"), batch)


def targets_of(batches: "Sequence[Batch]") -> float:
    """Weight of all targets of a step's micro-batches."""
    return sum(float(each.weights.sum()) for each in batches)


def divergence(student: "Tensor", teacher: "Tensor", batch: "Batch") -> "Tensor":
    """Weighted sum over each row's targets of KL(teacher ‖ student). Shape (rows,).

    Args:
        student, teacher: logits, shape (rows, length, vocabulary).
    """
    from torch.nn.functional import kl_div, log_softmax

    chosen = batch.weights[:, 1:] > 0
    ours = log_softmax(student[:, :-1][chosen].float(), dim=-1)
    theirs = log_softmax(teacher[:, :-1][chosen].float(), dim=-1)
    return _by_row(kl_div(ours, theirs, reduction="none", log_target=True).sum(-1), batch)


def _by_row(each: "Tensor", batch: "Batch") -> "Tensor":
    """Weighted sums over rows of a value for each target."""
    weights = batch.weights[:, 1:].to(each.dtype)
    chosen = weights > 0
    return each.new_zeros(weights.shape).masked_scatter(chosen, each * weights[chosen]).sum(1)


def saturated(losses: "Tensor", targets: "Tensor", kinds: "Sequence[Tensor]", saturation: float) -> "Tensor":
    """Sum of the losses; those of one budget are s·log(1 + L/s), where L is their mean over the budget's targets and s the saturation.

    A small budget loses a hundred times as much as a large one, and would leave nothing to learn from where little is lost.

    Args:
        losses: of each row, as parts of the mean over a step's targets. Shape (rows,).
        targets: weight of each row's targets, in the same parts. Shape (rows,).
        kinds: row numbers of each budget.
        saturation: 0 leaves the losses as they are.
    """
    from torch import log1p

    if not saturation:
        return losses.sum()
    parts = [(losses[rows].sum(), targets[rows].sum()) for rows in kinds]
    return sum((part * saturation * log1p(loss / (part * saturation)) for loss, part in parts), losses.new_zeros(()))


def stop_by_label(stop: "Tensor", batch: "Batch", asked: "Tensor") -> "Tensor":
    """Mean cross-entropy of τ over the reasoning: stop from where the answer stands, if the budget asks for fewer tokens than all.

    A gate at position t decides on the token at t + 1.

    Args:
        stop: logits of τ, shape (rows, length).
        asked: shape (rows, 3).
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    positions = torch.arange(1, stop.shape[1], device=stop.device)
    wanted = (positions >= batch.stop_from.unsqueeze(1)) & (asked[:, 2:] < 1.0)
    chosen = batch.thinking[:, 1:]
    if not bool(chosen.any()):
        return stop.sum() * 0.0
    return binary_cross_entropy_with_logits(stop[:, :-1][chosen], wanted[chosen].to(stop.dtype))


def stopped(logits: "Tensor", stop: "Tensor", batch: "Batch", end_of_thought: int) -> "Tensor":
    """log((1 − τ)·P_LM + τ·[</think>]) inside the reasoning, the plain log-probabilities elsewhere. Shape of `logits`."""
    from torch import arange, logaddexp, where
    from torch.nn.functional import log_softmax, logsigmoid, pad

    plain = log_softmax(logits.float(), dim=-1)
    ends = arange(logits.shape[-1], device=logits.device) == end_of_thought
    going_on = plain + logsigmoid(-stop).unsqueeze(-1)
    mixed = where(ends, logaddexp(going_on, logsigmoid(stop).unsqueeze(-1)), going_on)
    # A gate decides on the next token: from the one before the reasoning to its last.
    deciding = batch.thinking | pad(batch.thinking[:, 1:], (0, 1))
    return where(deciding.unsqueeze(-1), mixed, plain)
