"""Batches in the form of Hugging Face: prompts padded on the left, answers on the right."""

from collections.abc import Sequence

import torch
from torch import Tensor

from cloudsim.errors import ModelError
from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.plan import budget_rows

Budget = float | ComputeBudget | Sequence[float | ComputeBudget]


def prompts_of(input_ids: Tensor, attention_mask: Tensor | None) -> list[list[int]]:
    """The prompts in a batch.

    Args:
        input_ids: shape (rows, length).
        attention_mask: 1 at the tokens, 0 at the padding on their left; None where there is no padding. Shape (rows, length).

    Raises:
        ModelError: the shapes do not fit, or a row is padded on the right or in its middle.
    """
    mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
    if input_ids.ndim != 2 or mask.shape != input_ids.shape:
        raise ModelError(
            f"input_ids has the shape {tuple(input_ids.shape)}, attention_mask {tuple(mask.shape)}; both must be (rows, length)"
        )
    seen = mask.bool()
    wrong = (seen[:, :-1] & ~seen[:, 1:]).any(1).nonzero().squeeze(1).tolist()
    if wrong:
        rows = ", ".join(map(str, wrong))
        raise ModelError(f"attention_mask: padding follows a token in row {rows}; pad on the left (tokenizer.padding_side = 'left')")
    return [row[kept].tolist() for row, kept in zip(input_ids, seen, strict=True)]


def budgets_of(budget: Budget, rows: int) -> Tensor:
    """The budget of each row, shape (rows, 3). Raises: ModelError: a budget is outside [0, 1], or their number is not `rows`."""
    given = [budget] * rows if isinstance(budget, float | int | ComputeBudget) else list(budget)
    if len(given) != rows:
        raise ModelError(f"budget: {len(given)} are given for {rows} rows; give one for each row, or one for all")
    problems: list[str] = []
    for row, each in enumerate(given):
        try:
            ComputeBudget.of(each)
        except ModelError as error:
            problems += [f"row {row}: {problem}" for problem in error.problems]
    if problems:
        raise ModelError(*problems)
    return budget_rows(given)


def joined(input_ids: Tensor, answers: Sequence[Sequence[int]], pad_token_id: int) -> Tensor:
    """Prompts and answers as one batch, answers padded on the right. Shape (rows, length + longest answer)."""
    longest = max(map(len, answers))
    padded = [[*answer, *[pad_token_id] * (longest - len(answer))] for answer in answers]
    return torch.cat([input_ids, torch.tensor(padded, dtype=input_ids.dtype, device=input_ids.device)], dim=1)
