"""What a dense model can do without: the order in which its layers and head groups are skipped before training changes it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cloudsim.l2a.training.objective import cross_entropy, divergence

if TYPE_CHECKING:
    from torch import Tensor

    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.tasks.batches import Batch
    from cloudsim.l2a.training.teacher import Teacher


def layer_importance(model: "L2AForCausalLM", teacher: "Teacher", batch: "Batch") -> "Tensor":
    """The turn at which a greedy search takes each layer away: each time the one whose absence moves the logits least, but not the first.

    Layers that matter little one by one (block influence) may matter much together: a row of them in the middle does. L(L − 1)/2 readings
    of the batch.

    Returns:
        Shape (layers,); the larger, the longer it stays.
    """
    import torch

    wanted, targets = teacher.logits(batch), float(batch.weights.sum())
    kept, turns = list(range(model.config.layers)), torch.zeros(model.config.layers)

    def loss(layers: Sequence[int]) -> float:
        return float(divergence(_logits(model, batch, layers), wanted, batch).sum()) / targets

    with torch.inference_mode():
        for turn in range(1, len(kept)):
            gone = min(kept[1:], key=lambda layer: loss([each for each in kept if each != layer]))
            kept.remove(gone)
            turns[gone] = turn
    turns[kept[0]] = model.config.layers
    return turns.clone()


def group_importance(model: "L2AForCausalLM", batch: "Batch") -> "Tensor":
    """Mean over rows of |∂L/∂β|, where β scales what a head group says (Michel et al., arXiv:1905.10650). Shape (layers, groups)."""
    import torch

    rows, config = len(batch.tokens), model.config
    device = batch.tokens.device
    groups = torch.ones(rows, config.layers, config.groups, device=device, requires_grad=True)
    masks = (torch.ones(rows, config.layers, device=device), groups)
    output = model(batch.tokens, batch.prompt_tokens, torch.ones(rows, 3, device=device), masks=masks)
    (slopes,) = torch.autograd.grad(cross_entropy(output.logits, batch).sum(), groups)
    return slopes.abs().mean(0)


def _logits(model: "L2AForCausalLM", batch: "Batch", layers: Sequence[int]) -> "Tensor":
    import torch

    rows, config = len(batch.tokens), model.config
    device = batch.tokens.device
    run = torch.zeros(config.layers, device=device)
    run[list(layers)] = 1.0
    groups = torch.ones(rows, config.layers, config.groups, device=device)
    budget = torch.ones(rows, 3, device=device)
    logits: Tensor = model(batch.tokens, batch.prompt_tokens, budget, masks=(run.expand(rows, -1), groups)).logits
    return logits
