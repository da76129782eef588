"""The processes of one training: the only one, or those that `torchrun` or `accelerate launch` started."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import device as torch_device
    from torch.nn import Parameter


class Processes:
    """What a training asks of its processes: its place among them, its device, and means over all of them.

    Gradients are averaged here and not by `DistributedDataParallel`, so that a stage may call any part of its model, skip layers, and leave
    a parameter without a gradient in some processes.
    """

    def __init__(self) -> None:
        import torch
        from accelerate import PartialState

        on_cpu = os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true") or not torch.accelerator.is_available()
        self._state = PartialState(cpu=on_cpu)

    @property
    def rank(self) -> int:
        """Number of this process, from 0."""
        return int(self._state.process_index)

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self._state.num_processes)

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files."""
        return self.rank == 0

    @property
    def device(self) -> "torch_device":
        """Where this process computes."""
        device: torch_device = self._state.device
        return device

    def wait(self) -> None:
        """Go on when all have come here."""
        self._state.wait_for_everyone()

    def average_gradients(self, parameters: "Sequence[Parameter]") -> None:
        """Give every process the mean gradient; a parameter that nobody has a gradient of keeps none."""
        if self.count == 1:
            return
        import torch
        from accelerate.utils import reduce

        used = torch.tensor([parameter.grad is not None for parameter in parameters], dtype=torch.float32, device=self.device)
        shared = reduce(used, "sum").tolist()
        taken = [parameter for parameter, users in zip(parameters, shared, strict=True) if users]
        if not taken:
            return
        own = [parameter.grad if parameter.grad is not None else torch.zeros_like(parameter) for parameter in taken]
        # One message: a hundred small ones took a seventh of a step of the embedded model.
        means = reduce(torch.cat([gradient.flatten() for gradient in own]), "mean").split([gradient.numel() for gradient in own])
        for parameter, mean in zip(taken, means, strict=True):
            parameter.grad = mean.view_as(parameter)

    def average(self, figures: Mapping[str, float]) -> dict[str, float]:
        """Mean of each figure over the processes; all of them must name the same figures."""
        if self.count == 1:
            return dict(figures)
        import torch
        from accelerate.utils import reduce

        names = sorted(figures)
        # float64: counts of tokens stay exact.
        values = torch.tensor([figures[name] for name in names], dtype=torch.float64, device=self.device)
        means = reduce(values, "mean").tolist()
        return dict(zip(names, means, strict=True))
