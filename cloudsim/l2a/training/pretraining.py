"""Training a dense model from scratch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cloudsim.config import NotNegative, Share
from cloudsim.l2a.tasks.batches import Batch, Mixture
from cloudsim.l2a.training.objective import cross_entropy, targets_of
from cloudsim.l2a.training.optimizers import muon_and_adamw
from cloudsim.l2a.training.schedule import warmup_stable_decay

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

    from cloudsim.l2a.data.problem_source import ProblemSource


@dataclass(slots=True)
class Pretraining:
    """Next-token prediction on completions.

    Args:
        ramp: first share of the steps, over which difficulties come in one after the other.
        decay: last share of the steps, over which the learning rates fall to zero.
        matrix_lr: of Muon, on the matrices inside the layers.
        other_lr: of AdamW, on everything else.
    """

    model: "Module"
    steps: int
    mixture: "ProblemSource" = field(default_factory=Mixture)
    ramp: Share = 0.3
    decay: Share = 0.3
    matrix_lr: NotNegative = 0.02
    other_lr: NotNegative = 3e-3
    name: str = "pretraining"

    def optimizers(self) -> "Sequence[Optimizer]":
        """Muon and AdamW."""
        return muon_and_adamw(self.model.named_parameters(), self.matrix_lr, self.other_lr)

    def batches(self, step: int, rank: int) -> Sequence[Batch]:
        """Problems of a step, harder ones as training goes on."""
        reach = min(1.0, 0.34 + 0.66 * step / max(1.0, self.ramp * self.steps))
        return self.mixture.draw(step, rank, reach)

    def loss(self, model: "Module", batches: Sequence[Batch], index: int, step: int, rank: int) -> "tuple[Tensor, Mapping[str, float]]":
        """Cross-entropy, as the micro-batch's part of the mean over the step's targets."""
        batch = batches[index]
        logits = model(input_ids=batch.tokens, use_cache=False).logits
        loss = cross_entropy(logits, batch).sum() / targets_of(batches)
        return loss, {"loss": float(loss.detach())}

    def learning_rate(self, step: int) -> float:
        """Warm-up, plateau, decay."""
        return warmup_stable_decay(step, self.steps, decay=self.decay)
