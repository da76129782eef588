"""A budget for each tier."""

from collections.abc import Sequence

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class ByTier:
    """What was paid for, whatever the load.

    Args:
        budgets: compute budget of each tier in (0, 1], in the order of the configuration; the last one stands for any further tier.
    """

    source = "ours"
    observes = ("request.tier",)

    def __init__(self, budgets: Sequence[float]) -> None:
        if not budgets or not all(0 < budget <= 1 for budget in budgets):
            raise ValueError(f"budgets is {list(budgets)}; it needs at least one number, all in (0, 1]")
        self._budgets, self._last = [float(budget) for budget in budgets], len(budgets) - 1

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """That of its tier."""
        return self._budgets[min(request.tier, self._last)]
