"""Muon on the matrices, AdamW on everything else."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.nn import Parameter
    from torch.optim import Optimizer


def muon_and_adamw(
    named: "Iterable[tuple[str, Parameter]]", matrix_lr: float, other_lr: float, weight_decay: float = 0.0
) -> "list[Optimizer]":
    """Optimizers of the trainable parameters.

    Muon (Jordan et al. 2024) orthogonalises the momentum of a matrix. It takes the matrices inside the layers; embeddings, norms and
    biases go to AdamW, as its authors advise.
    """
    from torch.optim import AdamW, Muon

    matrices: list[Parameter] = []
    others: list[Parameter] = []
    for name, parameter in named:
        if parameter.requires_grad:
            (matrices if parameter.ndim == 2 and "embed" not in name and "lm_head" not in name else others).append(parameter)
    made: list[Optimizer] = []
    if matrices:
        made.append(Muon(matrices, lr=matrix_lr, weight_decay=weight_decay, momentum=0.95))
    if others:
        made.append(AdamW(others, lr=other_lr, betas=(0.9, 0.95), weight_decay=0.0))
    return made
