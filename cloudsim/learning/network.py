"""A small network that scores choices, in NumPy alone."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cloudsim.learning.budget_decider import BudgetTask, Values
from cloudsim.learning.policy_folder import read_policy, write_policy

KIND = "network"
Floats32 = NDArray[np.float32]
Layer = tuple[Floats32, Floats32]
"""Weights (outputs, inputs) and biases (outputs,)."""


class Network:
    """Layers with tanh between them; the choice is the one with the highest score, the first of equals.

    Args:
        layers: from the numbers of `BudgetTask.features`, group after group, to a score for each budget.

    Raises:
        ValueError: they do not fit each other.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        inner = list(pairwise(layers))
        fitting = all(weight.ndim == 2 and bias.shape == weight.shape[:1] for weight, bias in layers)
        if not layers or not fitting or any(first.shape[0] != second.shape[1] for (first, _), (second, _) in inner):
            shapes = ", ".join(f"{weight.shape} and {bias.shape}" for weight, bias in layers)
            raise ValueError(f"layers of {shapes or 'no'} weights and biases do not fit each other")
        if not all(np.isfinite(weight).all() and np.isfinite(bias).all() for weight, bias in layers):
            raise ValueError("a weight is not a finite number")
        self.layers = [(weight.astype(np.float32), bias.astype(np.float32)) for weight, bias in layers]

    def scores(self, values: Values) -> Floats32:
        """A score for each choice."""
        made: Floats32 = np.array([number for row in values.values() for number in row], np.float32)
        *hidden, (weight, bias) = self.layers
        for inner_weight, inner_bias in hidden:
            made = np.tanh(inner_weight @ made + inner_bias)
        return weight @ made + bias

    def choose(self, values: Values) -> int:
        """The best choice."""
        return int(self.scores(values).argmax())


def write_network(folder: Path, task: BudgetTask, network: Network) -> None:
    """Store a network as a policy."""
    arrays = {
        f"{part}_{at}": array for at, layer in enumerate(network.layers) for part, array in zip(("weight", "bias"), layer, strict=True)
    }
    write_policy(folder, KIND, task, {"layers": len(network.layers)}, arrays)


def read_network(folder: Path) -> tuple[BudgetTask, Network]:
    """A network that was stored.

    Raises:
        ValueError: see `read_policy`; or its layers do not fit what it sees and chooses from.
    """
    stored = read_policy(folder, KIND)
    try:
        arrays, count = stored.arrays, int(stored.document["layers"])
        network = Network([(arrays[f"weight_{at}"], arrays[f"bias_{at}"]) for at in range(count)])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{folder}: its network cannot be used ({error}); train the policy again") from None
    seen, chosen = sum(map(len, stored.task.features.values())), len(stored.task.budgets)
    found = network.layers[0][0].shape[1], network.layers[-1][0].shape[0]
    if found != (seen, chosen):
        raise ValueError(f"{folder}: its network goes from {found[0]} numbers to {found[1]} choices, not from {seen} to {chosen}")
    return stored.task, network
