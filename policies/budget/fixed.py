"""Every request gets the same share of the compute."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class Fixed:
    """The same budget whatever happens.

    Args:
        budget: compute budget in (0, 1].
    """

    source = "a baseline of L2A, arXiv 2606.27743"
    observes: tuple[str, ...] = ()

    def __init__(self, budget: float) -> None:
        if not 0 < budget <= 1:
            raise ValueError(f"budget is {budget}; it must lie in (0, 1]")
        self._budget = float(budget)

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The fixed share."""
        return self._budget
