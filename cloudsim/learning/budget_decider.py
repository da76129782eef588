"""A budget policy around whatever chooses: what it sees, what its choices mean, and how long one holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from cloudsim.contracts import FleetView, ReplicaView, RequestView, Served
from cloudsim.learning.features import FLEET, REPLICA, REQUEST, RequestFeatures

Values = Mapping[str, Sequence[float]]
"""Numbers in [0, 1] by group, in the order of the groups' names."""

Choose = Callable[[Values], int]


@dataclass(frozen=True, slots=True)
class BudgetTask:
    """What a learned budget policy is asked for.

    Args:
        budgets: what its choices mean, richest first.
        tiers: of users.
        hold_s: seconds for which a choice also holds for all requests that come after; 0 chooses for each request. A batch reads the layers
            of its deepest member, so what one request gets shows only if those beside it get the same.
    """

    budgets: tuple[float, ...]
    tiers: int
    hold_s: float

    def __post_init__(self) -> None:
        falling = all(richer > leaner for richer, leaner in pairwise(self.budgets))
        if not self.budgets or not falling or not all(0 < budget <= 1 for budget in self.budgets):
            raise ValueError(f"budgets are {list(self.budgets)}; they must lie in (0, 1] and fall")
        if self.tiers < 1 or not self.hold_s >= 0:
            raise ValueError(f"tiers are {self.tiers} and hold_s is {self.hold_s}; there is one tier at least, and hold_s is at least 0")

    @property
    def features(self) -> dict[str, list[str]]:
        """Names of the numbers, by group."""
        return {
            "fleet": [*(one.name for one in FLEET), *(f"attainment_{tier}" for tier in range(self.tiers))],
            "replica": [one.name for one in REPLICA],
            "request": [*(f"tier_{tier}" for tier in range(self.tiers)), *(one.name for one in REQUEST)],
        }

    def document(self) -> dict[str, Any]:
        """As a policy's file has it."""
        return {"budgets": list(self.budgets), "tiers": self.tiers, "hold_s": self.hold_s, "features": self.features}


class BudgetDecider:
    """Asks `choose` and keeps to its choice as `task` says."""

    observes = RequestFeatures.observes

    def __init__(self, task: BudgetTask, choose: Choose) -> None:
        self._budgets, self._hold_s, self._choose = task.budgets, task.hold_s, choose
        self._features = RequestFeatures(task.tiers)
        self._until_s, self._held = -1.0, 0

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The budget that is chosen, or that still holds."""
        features, now_s = self._features, fleet.now_s
        features.arrived(request, fleet)
        if now_s >= self._until_s:
            self._held = self._choose({
                "fleet": features.fleet(fleet), "replica": features.replica(request, replica, fleet),
                "request": features.request(request, fleet),
            })  # fmt: skip
            self._until_s = now_s + self._hold_s
        return self._budgets[self._held]

    def learn(self, served: Served) -> None:
        """A request has ended."""
        self._features.learn(served)
