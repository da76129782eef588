"""Going on with a dense model while layers and head groups are dropped at random."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cloudsim.config import NotNegative, Share
from cloudsim.l2a.tasks.batches import Batch, Mixture
from cloudsim.l2a.training.masks import RandomMasks, under_masks
from cloudsim.l2a.training.objective import cross_entropy, targets_of
from cloudsim.l2a.training.optimizers import muon_and_adamw
from cloudsim.l2a.training.schedule import warmup_stable_decay

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

    from cloudsim.l2a.data.problem_source import ProblemSource
    from cloudsim.l2a.network import L2AForCausalLM


@dataclass(slots=True)
class LayerDrop:
    """All weights of a dense model learn to do without some layers (arXiv:1909.11556) and head groups (arXiv:2004.13342).

    A small model that was trained for few tasks needs every layer it has; a large one does not. This gives a small one what elasticity
    has to work with. The result is a dense model like any other.

    Args:
        low: smallest budget of a row; budgets are drawn evenly from there to 1.
        full: share of the rows of which nothing is dropped.
        matrix_lr: of Muon, at the start; it falls to zero.
        other_lr: of AdamW, likewise.
        seed: of the drops.
    """

    model: "Module"
    steps: int
    mixture: "ProblemSource" = field(default_factory=Mixture)
    low: Share = 0.5
    full: Share = 0.5
    matrix_lr: NotNegative = 0.01
    other_lr: NotNegative = 1.5e-3
    seed: int = 0
    name: str = "layer_drop"
    _gated: "L2AForCausalLM" = field(init=False)
    _masks: RandomMasks = field(init=False)

    def __post_init__(self) -> None:
        from cloudsim.l2a.network import L2AForCausalLM

        # Without adapters and gates it is the dense model, run under masks.
        self._gated = L2AForCausalLM.wrap(self.model, lora_rank=0)
        config = self._gated.config
        self._masks = RandomMasks(config.layers, config.groups, self.low, 1.0, self.full, self.seed)

    def optimizers(self) -> "Sequence[Optimizer]":
        """Muon and AdamW, on the weights that an elastic model would keep frozen."""
        self.model.requires_grad_(True)
        return muon_and_adamw(self.model.named_parameters(), self.matrix_lr, self.other_lr)

    def batches(self, step: int, rank: int) -> Sequence[Batch]:
        """Easy and hard problems together."""
        return self.mixture.draw(step, rank)

    def loss(self, model: "Module", batches: Sequence[Batch], index: int, step: int, rank: int) -> "tuple[Tensor, Mapping[str, float]]":
        """Cross-entropy, as the micro-batch's part of the mean over the step's targets."""
        batch = batches[index]
        layers, groups = self._masks.draw(len(batch.tokens), step, rank, index)
        logits = under_masks(self._gated, batch, layers, groups).logits
        each = cross_entropy(logits, batch) / targets_of(batches)
        whole = (layers.all(1) & groups.flatten(1).all(1)).to(each.device)
        loss = each.sum()
        of_whole = float(each.detach()[whole].sum()) * len(whole) / max(1, int(whole.sum()))
        return loss, {"loss": float(loss.detach()), "loss_whole": of_whole}

    def learning_rate(self, step: int) -> float:
        """Warm-up and decay."""
        return warmup_stable_decay(step, self.steps, warmup=min(20, max(1, self.steps // 10)), decay=1.0)

    def compile_layers(self, wanted: bool) -> None:
        """Compile the layers, or stop doing so."""
        self._gated.compile_layers(wanted)
