"""Training LoRA under masks that the input does not choose: what static pruning and random layer drop are given, as L2A is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Protocol

from cloudsim.errors import ModelError
from cloudsim.l2a.adapters import save_adapter
from cloudsim.l2a.mask import Mask
from cloudsim.l2a.tasks.batches import Batch
from cloudsim.l2a.training.tuning import Tuning, adamw
from cloudsim.l2a.weights_folder import RANDOM_DROP

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

    from cloudsim.l2a.data.problem_source import ProblemSource


class Masks(Protocol):
    """Where masks come from."""

    def draw(self, rows: int, step: int, rank: int, index: int) -> "tuple[Tensor, Tensor]":
        """Layers (rows, layers) and groups (rows, layers, groups) of a micro-batch, 0 or 1; equal arguments give equal masks."""
        ...


@dataclass(frozen=True, slots=True)
class StaticMasks:
    """The same for every row. Args: layers: shape (layers,); groups: shape (layers, groups)."""

    layers: "Tensor"
    groups: "Tensor"

    def draw(self, rows: int, step: int, rank: int, index: int) -> "tuple[Tensor, Tensor]":
        """The masks, for every row."""
        return self.layers.float().expand(rows, -1), self.groups.float().expand(rows, -1, -1)


@dataclass(frozen=True, slots=True)
class RandomMasks:
    """Layers and head groups dropped at random, by budgets drawn as L2A's are; the first layer always runs whole.

    Args:
        layers, groups: of the model.
        low, high: ends of the uniform distribution of b.
        full: share of the rows of which nothing is dropped.
        seed: of the draws.
    """

    layers: int
    groups: int
    low: float = 0.35
    high: float = 1.0
    full: float = 0.0
    seed: int = 0

    def draw(self, rows: int, step: int, rank: int, index: int) -> "tuple[Tensor, Tensor]":
        """A mask of its own for each row."""
        random = Random(f"masks {self.seed} {step} {rank} {index}")
        budgets = [1.0 if random.random() < self.full else random.uniform(self.low, self.high) for _ in range(rows)]
        drawn = [random_mask(random, self.layers, self.groups, budget) for budget in budgets]
        import torch

        return torch.stack([layers for layers, _ in drawn]), torch.stack([groups for _, groups in drawn])


def random_mask(random: Random, layers: int, groups: int, budget: float) -> "tuple[Tensor, Tensor]":
    """Layers (layers,) and groups (layers, groups), chosen at random, that use as near to `budget` as their numbers allow."""
    import torch

    from cloudsim.l2a.budget import ComputeBudget

    asked = ComputeBudget.of(budget)
    kept = [0, *random.sample(range(1, layers), max(0, round(asked.depth * layers) - 1))]
    chosen = torch.zeros(layers)
    chosen[kept] = 1.0
    pairs = [(layer, group) for layer in kept[1:] for group in range(groups)]
    dropped = random.sample(pairs, min(len(pairs), round((1 - asked.width) * len(kept) * groups)))
    heads = torch.ones(layers, groups)
    for layer, group in dropped:
        heads[layer, group] = 0.0
    return chosen, heads


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
        import torch

        batch = batches[index]
        rows = len(batch.tokens)
        output = model(batch.tokens, batch.prompt_tokens, torch.ones(rows, 3), masks=self.masks.draw(rows, step, rank, index))
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


def read_masks(kept: Sequence[str], layers: int, groups: int) -> StaticMasks:
    """Masks from words, one for each layer; see `heal`.

    Raises:
        ModelError: a word is not one, or their number is not that of the layers.
    """
    import torch

    problems = [
        f"kept[{index}]: {word!r} is neither '-' nor {groups} digits 0 and 1"
        for index, word in enumerate(kept)
        if word != "-" and (len(word) != groups or set(word) - {"0", "1"})
    ]
    if len(kept) != layers:
        problems.append(f"kept: {len(kept)} words for {layers} layers")
    if problems:
        raise ModelError(*problems)
    flags = [[digit == "1" for digit in word] if word != "-" else [False] * groups for word in kept]
    return StaticMasks(torch.tensor([word != "-" for word in kept]), torch.tensor(flags))
