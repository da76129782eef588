"""The choice of the next token."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cloudsim.errors import ModelError


@dataclass(frozen=True, slots=True)
class Sampling:
    """Args: temperature: 0 takes the likeliest token. top_p: smallest share of probability to draw from. seed: root of the draws."""

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.temperature < 0 or not 0 < self.top_p <= 1:
            raise ModelError(f"sampling: temperature {self.temperature!r} must be 0 or more, top_p {self.top_p!r} above 0 and at most 1")

    def streams(self, names: list[int]) -> list[np.random.Generator]:
        """A stream of random numbers for each request, which no other request of the batch disturbs."""
        return [np.random.default_rng([self.seed, name]) for name in names]

    def choose(self, logits: Tensor, streams: list[np.random.Generator]) -> Tensor:
        """The next token of each row. Args: logits: shape (rows, vocabulary). Returns shape (rows,)."""
        if self.temperature == 0:
            return logits.argmax(-1)
        probability, order = torch.softmax(logits.double() / self.temperature, dim=-1).sort(dim=-1, descending=True, stable=True)
        total = probability.cumsum(-1)
        # A token counts if the ones before it do not make up top_p.
        kept = torch.where(total - probability < self.top_p, probability, 0.0)
        total = kept.cumsum(-1)
        drawn = torch.tensor([stream.random() for stream in streams], dtype=torch.float64).unsqueeze(-1) * total[:, -1:]
        place = torch.searchsorted(total, drawn, right=True).clamp(max=logits.shape[-1] - 1)
        return order.gather(-1, place).squeeze(-1)
