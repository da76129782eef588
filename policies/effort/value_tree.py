"""As time runs out, only requests with much to gain go on reasoning."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class ValueTree:
    """The node selection of BAVT (arXiv 2603.12634): values are raised to a power that grows as the budget is used up.

    The paper weighs the nodes of a search tree by their value to a power set by the remaining share of the budget, so that search turns
    from broad to greedy. Translated to one request: its budget is the time to its end-to-end target, of which a share r is left; its value
    V in [0, 1] is what it has to gain, the seen difficulty; and it may write floor + (1 − floor)·V^(1/r) of its reasoning. With all its
    time left that is linear in V, at the end only V = 1 counts. The power 1/r and the translation are ours. While a request runs r falls,
    and the share with it.

    Args:
        floor: least share, in (0, 1].
    """

    source = "BAVT, arXiv 2603.12634"
    observes = ("fleet.now_s", "fleet.tiers", "request.arrival_s", "request.difficulty_seen", "request.tier")

    def __init__(self, floor: float) -> None:
        if not 0 < floor <= 1:
            raise ValueError(f"floor is {floor}; it must lie in (0, 1]")
        self._floor = floor

    def effort(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The share at the present remaining budget."""
        left = 1.0 - (fleet.now_s - request.arrival_s) / fleet.tiers[request.tier].e2e_s
        if left <= 0:
            return self._floor
        share: float = self._floor + (1.0 - self._floor) * min(1.0, request.difficulty_seen) ** (1.0 / left)
        return share

    def tighten(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The same, later."""
        return self.effort(request, replica, fleet)
