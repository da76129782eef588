"""What a stage of training gives to the loop."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

    from cloudsim.l2a.tasks.batches import Batch


class Stage(Protocol):
    """One kind of training. Its problems are a function of its seed, the step and the rank: that is what makes a run resumable.

    The loop sets torch's random numbers anew before a stage is made and before each step, so they may be used freely. A stage that does not
    call the decoder layers as modules also has a method `compile_layers(wanted)`, which compiles what it calls, or stops doing so. One
    whose model is more than its `save_pretrained` writes has a method `write(folder, dtype)`. One that must find something out before its
    first step, and keeps it in buffers of its model, has a method `begin()`, which a training that goes on does not call again.

    Attributes:
        name: of its folder.
        model: what it leaves to the next stage. Only trainable parameters and buffers are in a checkpoint; everything else must follow
            from how the stage is made.
    """

    name: str
    model: "Module"

    def optimizers(self) -> "Sequence[Optimizer]":
        """The optimizers of the trainable parameters, at their full learning rates."""
        ...

    def batches(self, step: int, rank: int) -> "Sequence[Batch]":
        """Micro-batches of a step; their gradients are added."""
        ...

    def loss(self, model: "Module", batches: "Sequence[Batch]", index: int, step: int, rank: int) -> "tuple[Tensor, Mapping[str, float]]":
        """Loss of one micro-batch, as its part of the step's loss, and figures for the log, as its part of the step's figures.

        The figures are added over the micro-batches of a step and averaged over the processes, which must all name the same ones.

        Args:
            model: the model to call.
            batches: all micro-batches of the step.
            index: the one to compute.
        """
        ...

    def learning_rate(self, step: int) -> float:
        """Factor on the full learning rates."""
        ...
