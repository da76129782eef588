"""What a dense model can do without: the order in which its layers and head groups are skipped before training changes it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cloudsim.l2a.mask import Mask
from cloudsim.l2a.training.masks import under_masks
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
        mask = Mask.of_layers(layers, model.config.layers, model.config.groups)
        return float(divergence(under_masks(model, batch, *mask.tensors()).logits, wanted, batch).sum()) / targets

    with torch.inference_mode():
        for turn in range(1, len(kept)):
            gone = min(kept[1:], key=lambda layer: loss([each for each in kept if each != layer]))
            kept.remove(gone)
            turns[gone] = turn
    turns[kept[0]] = model.config.layers
    return turns


def group_importance(model: "L2AForCausalLM", batch: "Batch") -> "Tensor":
    """Mean over rows of |∂L/∂β|, where β scales what a head group says (Michel et al., arXiv:1905.10650). Shape (layers, groups)."""
    import torch

    config = model.config
    layers, groups = torch.ones(config.layers), torch.ones(len(batch.tokens), config.layers, config.groups, requires_grad=True)
    output = under_masks(model, batch, layers, groups)
    (slopes,) = torch.autograd.grad(cross_entropy(output.logits, batch).sum(), groups)
    return slopes.abs().mean(0)
