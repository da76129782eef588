"""Easy questions to a fast model, others to a slow one, hard ones several times."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView, Route
from policies.pools import nearest


class Odar:
    """ODAR (arXiv 2602.23681): an estimate of difficulty chooses between a fast agent, a slow one, and the slow one with self-consistency.

    Below `medium` the smallest model answers once (fast), from there on the largest (slow), and from `hard` on the largest writes `samples`
    samples and a vote takes one. The paper's estimator is amortised active inference, ours is what every router sees of the difficulty;
    the paper fuses candidates by free energy, ours by votes. The two limits are ours.

    Args:
        medium, hard: seen difficulty in [0, 1] from which a question is medium and hard, in rising order.
        samples: of a hard question, at least 2.
    """

    source = "ODAR, arXiv 2602.23681"
    observes = ("fleet.ready", "fleet.ready_by_pool", "replica.outstanding", "request.difficulty_seen")

    def __init__(self, medium: float, hard: float, samples: int) -> None:
        if not 0 <= medium <= hard <= 1:
            raise ValueError(f"medium is {medium} and hard {hard}; they must rise within [0, 1]")
        if samples < 2:
            raise ValueError(f"samples is {samples}; it must be at least 2")
        self._medium, self._hard, self._samples = medium, hard, samples

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView | Route:
        """By the seen difficulty; where the pool has no ready replica the nearest one serves."""
        difficulty = request.difficulty_seen
        if difficulty < self._medium:
            return nearest(fleet, len(fleet.ready_by_pool) - 1)
        replica = nearest(fleet, 0)
        return replica if difficulty < self._hard else Route(replica, self._samples)
