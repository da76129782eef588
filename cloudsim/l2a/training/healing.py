"""Training LoRA under masks that the input does not choose: what static pruning and random layer drop are given, as L2A is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsim.l2a.adapters import save_adapter
from cloudsim.l2a.mask import Mask
from cloudsim.l2a.tasks.batches import Batch
from cloudsim.l2a.training.masks import Masks, RandomMasks, StaticMasks, read_masks, under_masks
from cloudsim.l2a.training.tuning import Tuning, adamw
from cloudsim.l2a.weights_folder import RANDOM_DROP

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

    from cloudsim.l2a.data.problem_source import ProblemSource


@dataclass(slots=True, kw_only=True)
class Healing(Tuning):
    """LoRA under masks, with the cross-entropy and the distillation of the elastic model's objective.

    Args:
        model: an elastic model whose gates are not used and do not learn.
        label: name of the adapters' files.
    """

    masks: Masks
    distillation: float
    label: str
    name: str = "healing"

    def optimizers(self) -> "Sequence[Optimizer]":
        """AdamW on the adapters."""
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_("lora_" in name)
        return adamw([([parameter for parameter in self.model.parameters() if parameter.requires_grad], self.adapter_lr)])

    def loss(self, model: "Module", batches: Sequence[Batch], index: int, step: int, rank: int) -> "tuple[Tensor, Mapping[str, float]]":
        """Cross-entropy and distillation on one micro-batch."""
        batch = batches[index]
        output = under_masks(model, batch, *self.masks.draw(len(batch.tokens), step, rank, index))
        entropy, kd = (each.sum() for each in self.imitation(output.logits, batches, index, self.distillation > 0))
        loss = entropy + self.distillation * kd
        return loss, {"loss": float(loss.detach()), "loss_ce": float(entropy.detach()), "loss_kd": float(kd.detach())}

    def write(self, folder: Path, dtype: "torch.dtype | None") -> None:
        """Write the adapters, and the mask they were trained for, as an evaluation finds them."""
        fixed = Mask.of(self.masks.layers, self.masks.groups) if isinstance(self.masks, StaticMasks) else None
        save_adapter(self.model, fixed, folder / f"{self.label}.safetensors", dtype)


def heal(
    model: "Module", steps: int, mixture: "ProblemSource", kept: Sequence[str] = (), lora_rank: int = 16, distillation: float = 1.0,
    adapter_lr: float = 3e-3, label: str | None = None,
) -> Healing:  # fmt: skip
    """The stage that trains LoRA for one static mask, or for random ones.

    Args:
        model: the dense model, or an elastic one, of which only the dense model is taken.
        kept: a word of 0 and 1 for each layer, one digit a head group: `11011` runs the layer without its third group, `-` skips the layer.
            Empty for random masks.
        label: name of the adapters' files; `static` or `random_drop` unless given.
    """
    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.training.teacher import Teacher, without_adapters

    dense = without_adapters(model) if isinstance(model, L2AForCausalLM) else model
    teacher = Teacher(dense)
    elastic = L2AForCausalLM.wrap(dense, lora_rank=lora_rank)
    config = elastic.config
    masks: Masks = read_masks(kept, config.layers, config.groups) if kept else RandomMasks(config.layers, config.groups)
    return Healing(
        model=elastic, teacher=teacher, steps=steps, mixture=mixture, adapter_lr=adapter_lr, masks=masks, distillation=distillation,
        label=label or ("static" if kept else RANDOM_DROP),
    )  # fmt: skip
