"""What every learner of budgets does, and how far it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Report:
    """Where a training stands.

    Args:
        steps: decisions so far. episodes: that have ended.
        reward: mean of the episodes that have ended since the last report; NaN if none has.
    """

    steps: int
    episodes: int
    reward: float


Watch = Callable[[Report], None]


class BudgetLearner(Protocol):
    """Learns to choose budgets. What it writes before it has trained is the untrained start."""

    def train(self, watch: Watch) -> None:
        """Go on from where it stands to the end, and write checkpoints on the way."""

    def write(self, folder: Path) -> None:
        """Store what it has learnt as a policy."""
