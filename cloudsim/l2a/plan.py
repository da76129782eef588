"""What each sequence of a batch runs, and who decides it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.gates import Decision
from cloudsim.l2a.network import L2AForCausalLM


@dataclass(frozen=True, slots=True)
class Plan:
    """Skip decisions that hold for the lives of the sequences.

    Args:
        layers: whether a row runs a layer. Boolean, shape (rows, layers).
        groups: whether it runs a head group there; False where the layer is skipped. Boolean, shape (rows, layers, groups).
    """

    layers: Tensor
    groups: Tensor

    def rows(self, chosen: Tensor) -> "Plan":
        """The plan of some of the rows."""
        return Plan(self.layers[chosen], self.groups[chosen])

    def masks(self) -> list[str]:
        """One text a row, equal for rows that run the same layers and groups."""
        flat = torch.cat([self.layers, self.groups.flatten(1)], dim=1)
        return ["".join("1" if kept else "0" for kept in row) for row in flat.tolist()]


class Planner(Protocol):
    """Decides layer by layer, while the prompt is read."""

    def reads(self, index: int) -> bool:
        """Whether `decide` wants the pooled prompt before layer `index`."""
        ...

    def decide(self, index: int, state: Tensor | None, budget: Tensor) -> Decision:
        """Decisions of 0 and 1 on layer `index`; see `FaithfulGates.decide`."""
        ...


class DensePlanner:
    """Everything runs."""

    def __init__(self, groups: int) -> None:
        self._groups = groups

    def reads(self, index: int) -> bool:
        """Never."""
        return False

    def decide(self, index: int, state: Tensor | None, budget: Tensor) -> Decision:
        """Ones."""
        return Decision(torch.ones(len(budget)), torch.ones(len(budget), self._groups))


class StaticPlanner:
    """The same layers and groups for every sequence.

    Args:
        layers: shape (layers,).
        groups: shape (layers, groups).
    """

    def __init__(self, layers: Tensor, groups: Tensor) -> None:
        self._layers, self._groups = layers.float(), groups.float()

    def reads(self, index: int) -> bool:
        """Never."""
        return False

    def decide(self, index: int, state: Tensor | None, budget: Tensor) -> Decision:
        """The masks, for every row."""
        rows = len(budget)
        return Decision(self._layers[index].expand(rows), self._groups[index].expand(rows, -1))


class GatePlanner:
    """The gates of an elastic model, hard; what is asked passes through the calibration of its configuration."""

    def __init__(self, model: L2AForCausalLM) -> None:
        self._gates, self._maps = model.gates, (model.config.depth_map, model.config.width_map)
        self._asked: Tensor | None = None

    def reads(self, index: int) -> bool:
        """Where the gates do."""
        return self._gates.reads(index)

    def decide(self, index: int, state: Tensor | None, budget: Tensor) -> Decision:
        """Decisions at the calibrated budget."""
        if index == 0 or self._asked is None:
            # Once for all layers: it would cost more than the gates themselves.
            self._asked = calibrated(budget, *self._maps)
        return self._gates.decide(index, state, self._asked, 1.0, True)


def calibrated(budget: Tensor, *maps: Sequence[tuple[float, float]]) -> Tensor:
    """Budgets with their first columns passed through maps, linear between the points and constant beyond.

    Args:
        budget: shape (rows, 3).
        maps: points (asked, given) of each such column, sorted by what is asked.
    """
    import numpy as np

    given = budget.double().numpy(force=True).copy()
    for column, points in enumerate(maps):
        asked, meant = zip(*points, strict=True)
        given[:, column] = np.interp(given[:, column], asked, meant)
    return torch.from_numpy(given).to(budget)


def budget_rows(budgets: list[float | ComputeBudget]) -> Tensor:
    """Budgets as the tensor the gates read, shape (rows, 3)."""
    return torch.tensor([ComputeBudget.of(budget).vector for budget in budgets], dtype=torch.float32).reshape(-1, 3)
