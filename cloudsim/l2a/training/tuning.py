"""Training what is added to a frozen dense model, with that model as the teacher: what all such stages share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cloudsim.l2a.tasks.batches import Batch, Mixture
from cloudsim.l2a.training.objective import cross_entropy, divergence, targets_of
from cloudsim.l2a.training.schedule import warmup_stable_decay

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

    from cloudsim.l2a.data.problem_source import ProblemSource
    from cloudsim.l2a.training.teacher import Teacher


@dataclass(slots=True, kw_only=True)
class Tuning:
    """A stage on top of a dense model.

    Args:
        model: the dense model with what is added to it; its base stays frozen.
        teacher: the dense model it was.
        steps: of the optimizer.
        mixture: the problems; the same ones for equal seeds, whatever is trained.
        adapter_lr: of LoRA.
    """

    model: Any
    teacher: "Teacher"
    steps: int
    mixture: "ProblemSource" = field(default_factory=Mixture)
    adapter_lr: float = 3e-3

    def batches(self, step: int, rank: int) -> Sequence[Batch]:
        """Easy and hard problems together."""
        return self.mixture.draw(step, rank)

    def learning_rate(self, step: int) -> float:
        """Warm-up, plateau, decay over the last 70 % of the steps."""
        return warmup_stable_decay(step, self.steps, warmup=min(20, max(1, self.steps // 10)), decay=0.7)

    def compile_layers(self, wanted: bool) -> None:
        """Compile the layers of the model and of its teacher, or stop doing so."""
        self.model.compile_layers(wanted)
        self.teacher.compile_layers(wanted)

    def imitation(
        self, logits: "Tensor", batches: Sequence[Batch], index: int, distilled: bool, spoken: "Tensor | None" = None
    ) -> "tuple[Tensor, Tensor]":
        """Cross-entropy and divergence from the teacher of each row, as parts of the mean over a step's targets. Shape (rows,).

        Args:
            logits: shape (rows, length, vocabulary).
            distilled: compute the divergence; else it is 0.
            spoken: what the cross-entropy is taken of where it is not `logits`. Same shape.
        """
        batch, targets = batches[index], targets_of(batches)
        entropy = cross_entropy(logits if spoken is None else spoken, batch) / targets
        if not distilled:
            return entropy, entropy.new_zeros(entropy.shape)
        return entropy, divergence(logits, self.teacher.logits(batch), batch) / targets


def adamw(groups: "Sequence[tuple[Sequence[Tensor], float]]") -> "list[Optimizer]":
    """AdamW on groups of parameters, each with its learning rate; empty ones are left out."""
    from torch.optim import AdamW

    described = [{"params": list(parameters), "lr": rate} for parameters, rate in groups if parameters]
    return [AdamW(described, betas=(0.9, 0.98), weight_decay=0.0)]
