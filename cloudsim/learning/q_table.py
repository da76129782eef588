"""Values of choices by state, where a state is the bins of some of the numbers that a learned policy sees."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.learning.budget_decider import BudgetTask, Values
from cloudsim.learning.features import FLEET, REPLICA, REQUEST
from cloudsim.learning.policy_folder import read_policy, write_policy

KIND = "q_table"
ROUNDING = 1e-6
HALVES = {
    f"{group}.{one.name}": one.half
    for group, features in (("fleet", FLEET), ("replica", REPLICA), ("request", REQUEST))
    for one in features
}
"""What brings numbers into [0, 1], by group and name; those of tiers are there already."""

Bins = Mapping[str, Sequence[float]]
"""Rising edges by number, such as `replica.queued_tokens`, in its unit; a value at an edge is in the bin above."""


class QTable:
    """A value for each state and choice.

    Args:
        task: what it chooses for.
        bins: of the state.
        values: of shape (bins of the first number, of the second, ..., choices); zeros if None.

    Raises:
        ValueError: a number is unknown, its edges do not rise, or the values have another shape or are not finite.
    """

    def __init__(self, task: BudgetTask, bins: Bins, values: NDArray[np.float64] | None = None) -> None:
        known = [f"{group}.{name}" for group, names in task.features.items() for name in names]
        for name, edges in bins.items():
            if name not in known:
                raise ValueError(f"bins: found {name!r}; accepted: {', '.join(known)}")
            if not all(low < high for low, high in pairwise(edges)):
                raise ValueError(f"bins.{name}: found {list(edges)}; edges must rise")
        shape = (*(len(edges) + 1 for edges in bins.values()), len(task.budgets))
        self.task, self.bins = task, {name: [float(edge) for edge in edges] for name, edges in bins.items()}
        self.values = np.zeros(shape) if values is None else values
        if self.values.shape != shape or not np.isfinite(self.values).all():
            raise ValueError(f"the table has the shape {self.values.shape}, not {shape}, or holds what is not a finite number")
        self._places: list[tuple[str, int, list[float]]] = []
        for name, edges in self.bins.items():
            group, _, feature = name.partition(".")
            half = HALVES.get(name, 0.0)
            # Numbers come as float32 while it learns: one that is at an edge must not fall below it by rounding.
            inner = [(edge / (edge + half) if half else edge) - ROUNDING for edge in edges]
            self._places.append((group, task.features[group].index(feature), inner))

    def state(self, values: Values) -> tuple[int, ...]:
        """Where in the table the choice is made."""
        return tuple(bisect_right(edges, values[group][at]) for group, at, edges in self._places)

    def choose(self, values: Values) -> int:
        """The best choice, the richest of equals."""
        return int(self.values[self.state(values)].argmax())


def write_table(folder: Path, table: QTable) -> None:
    """Store a table as a policy."""
    write_policy(folder, KIND, table.task, {"bins": table.bins, "values": np.round(table.values, 4).tolist()})


def read_table(folder: Path) -> QTable:
    """A table that was stored.

    Raises:
        ValueError: see `read_policy`; or its table does not fit what it sees and chooses from.
    """
    stored = read_policy(folder, KIND)
    try:
        bins: Any = stored.document["bins"]
        return QTable(stored.task, bins, np.array(stored.document["values"], np.float64))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{folder}: its table cannot be used ({error}); train the policy again") from None
