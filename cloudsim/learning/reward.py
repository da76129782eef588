"""What a learner is paid for, from what happened in a time or in a whole run."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pydantic import Field

from cloudsim.config import NotNegative, Section

if TYPE_CHECKING:
    from cloudsim.simulation import RunTables


class Ended(NamedTuple):
    """What happened.

    Args:
        met_sla: requests that kept the targets of their tier. right: of these, those whose answer is right.
        missed: requests that did not keep them, rejected, lost and unfinished ones included.
        cost_usd: dollars spent.
    """

    met_sla: int
    right: int
    missed: int
    cost_usd: float

    def plus(self, other: "Ended") -> "Ended":
        """Both together."""
        return Ended(
            self.met_sla + other.met_sla, self.right + other.right, self.missed + other.missed, self.cost_usd + other.cost_usd
        )  # fmt: skip

    def less(self, other: "Ended") -> "Ended":
        """What is left of it without the other, which is a part of it."""
        return Ended(
            self.met_sla - other.met_sla, self.right - other.right, self.missed - other.missed, self.cost_usd - other.cost_usd
        )  # fmt: skip


class RewardWeights(Section):
    """What each is worth."""

    sla: NotNegative = Field(default=1.0, description="for each request that kept its SLA")
    quality: NotNegative = Field(default=1.0, description="for each right answer among these")
    missed: NotNegative = Field(default=1.0, description="taken off for each request that did not keep its SLA")
    cost_per_usd: NotNegative = Field(default=1.0, description="taken off for each dollar spent")

    def reward(self, ended: Ended) -> float:
        """sla · met + quality · right − missed · missed − cost_per_usd · dollars."""
        gained = self.sla * ended.met_sla + self.quality * ended.right
        return gained - self.missed * ended.missed - self.cost_per_usd * ended.cost_usd


def whole_run(tables: "RunTables") -> Ended:
    """What happened in a run, from its tables."""
    requests: Any = tables.requests
    nodes: Any = tables.nodes
    met = requests["met_sla"] == 1
    right = int((met & (requests["correct"] == 1)).sum())
    return Ended(int(met.sum()), right, int((~met).sum()), float(np.sum(nodes["cost_usd"])))
