"""Masks that the input does not choose, and what a model gives under them in training."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from cloudsim.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

    from cloudsim.l2a.network import L2AOutput
    from cloudsim.l2a.tasks.batches import Batch


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
    low: float = 0.45
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


def under_masks(model: Any, batch: "Batch", layers: "Tensor", groups: "Tensor") -> "L2AOutput":
    """Run a batch with every gate decided beforehand.

    Args:
        model: an elastic model.
        layers: 0 or 1, of each row (rows, layers) or of all (layers,).
        groups: 0 or 1, of each row (rows, layers, groups) or of all (layers, groups).
    """
    import torch

    rows, device = len(batch.tokens), batch.tokens.device
    masks = (layers.to(device).expand(rows, *layers.shape[-1:]), groups.to(device).expand(rows, *groups.shape[-2:]))
    # Laid out alike whoever asks, so that a teacher and its pupil share one compiled layer.
    masks = (masks[0].contiguous(), masks[1].contiguous())
    output: L2AOutput = model(batch.tokens, batch.prompt_tokens, torch.ones(rows, 3, device=device), masks=masks)
    return output
