"""How near a model at a budget stays to the dense model on held-out text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from cloudsim.l2a.forcing import by_length, forced_logits
from cloudsim.l2a.plan import budget_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cloudsim.l2a.cost import ModelCost
    from cloudsim.l2a.evaluation.reader import Reader
    from cloudsim.l2a.plan import Plan
    from cloudsim.l2a.tasks.suite import Question

RESAMPLES = 2000
ENDS = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class TextPoint:
    """One model at one budget on all texts. Intervals are of 95 %, over the texts (bootstrap).

    Args:
        method, budget: names.
        tokens: of the texts, without their prompts.
        kl, kl_ci95: KL(dense ‖ this model) of the next token, mean over the tokens, in nats.
        agreement, agreement_ci95: share of the tokens at which both models find the same one likeliest.
        perplexity: exp of the mean cross-entropy of the tokens.
        perplexity_ratio, perplexity_ratio_ci95: to the dense model's.
        layer_sparsity, head_sparsity: mean shares of the layers skipped, and of the head groups in those that run.
        compute_share: multiply-adds of projections and MLPs, as a share of the dense model's.
        masks: number of different masks.
    """

    method: str
    budget: float
    tokens: int
    kl: float
    kl_ci95: tuple[float, float]
    agreement: float
    agreement_ci95: tuple[float, float]
    perplexity: float
    perplexity_ratio: float
    perplexity_ratio_ci95: tuple[float, float]
    layer_sparsity: float
    head_sparsity: float
    compute_share: float
    masks: int


@dataclass(slots=True)
class _Sums:
    """Of one reader, a row for each text: tokens, KL, agreements, cross-entropies of this model and of the dense one; and its plans."""

    rows: list[list[float]]
    plans: "list[Plan]"


@torch.inference_mode()
def compare(dense: "Reader", readers: "Sequence[Reader]", texts: "Sequence[Question]", rows: int, cost: "ModelCost") -> list[TextPoint]:
    """Let all models read the same texts; a point for each of `readers`.

    Args:
        dense: the model that wrote them.
        texts: prompts, and the texts as worked answers.
        rows: texts read together.
        cost: of the dense model.
    """
    sums = [_Sums([], []) for _ in readers]
    for numbers in by_length(texts, rows):
        batch = [texts[number] for number in numbers]
        _, written, logits = _read(dense, batch)
        theirs = torch.log_softmax(logits, dim=-1)
        for reader, found in zip(readers, sums, strict=True):
            plan, _, logits = _read(reader, batch)
            found.rows += _rows(written, torch.log_softmax(logits, dim=-1), theirs)
            found.plans.append(plan)
    return [_point(reader, found, cost) for reader, found in zip(readers, sums, strict=True)]


def _read(reader: "Reader", batch: "Sequence[Question]") -> "tuple[Plan, Tensor, Tensor]":
    return forced_logits(reader.decoder, batch, budget_rows([reader.budget] * len(batch)), reader.planner)


def _rows(written: Tensor, ours: Tensor, theirs: Tensor) -> list[list[float]]:
    """Sums over the tokens of each text. Args: written: −1 at padding, (rows, length); ours, theirs: log-probabilities."""
    chosen = (written >= 0).double()
    target = written.clamp(min=0).unsqueeze(-1)
    divergence = nn.functional.kl_div(ours, theirs, reduction="none", log_target=True).sum(-1)
    agreed = (ours.argmax(-1) == theirs.argmax(-1)).double()
    entropies = [-each.gather(-1, target).squeeze(-1).double() for each in (ours, theirs)]
    each = torch.stack([(value * chosen).sum(1) for value in (chosen, divergence.double(), agreed, *entropies)], dim=1)
    found: list[list[float]] = each.tolist()
    return found


def _point(reader: "Reader", sums: _Sums, cost: "ModelCost") -> TextPoint:
    import numpy as np

    table = np.array(sums.rows)
    count, _, _, ours, theirs = table.sum(0).tolist()
    layers = torch.cat([plan.layers for plan in sums.plans])
    groups = torch.cat([plan.groups for plan in sums.plans])
    wide = groups.sum((1, 2)) / (layers.sum(1) * groups.shape[2])
    ratio = tuple(float(np.exp(end)) for end in _interval(table[:, 3] - table[:, 4], table[:, 0]))
    return TextPoint(
        reader.method, reader.budget, round(count),
        float(table[:, 1].sum() / count), _interval(table[:, 1], table[:, 0]),
        float(table[:, 2].sum() / count), _interval(table[:, 2], table[:, 0]),
        float(np.exp(ours / count)), float(np.exp((ours - theirs) / count)), (ratio[0], ratio[1]),
        1 - float(layers.double().mean()), 1 - float(wide.double().mean()),
        float(torch.cat([cost.share(plan) for plan in sums.plans]).mean()), len({mask for plan in sums.plans for mask in plan.masks()}),
    )  # fmt: skip


def _interval(values: "NDArray[Any]", counts: "NDArray[Any]") -> tuple[float, float]:
    """95 % interval of Σ values / Σ counts, from texts drawn with replacement."""
    import numpy as np

    drawn = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].sum(1) / counts[drawn].sum(1), ENDS)
    return float(low), float(high)
