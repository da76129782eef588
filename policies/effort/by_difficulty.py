"""Compute where it helps: a share for each class of difficulty."""

from collections.abc import Sequence

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class ByDifficulty:
    """Compute-optimal allocation by bins of difficulty (Snell et al., arXiv 2408.03314).

    The paper estimates each question's difficulty, puts it into one of five bins and gives each bin the test-time compute that served it
    best before: easy questions need little, those in the middle gain most, and the hardest gain next to nothing. The bins here are equal
    ones of the difficulty a router sees (the paper's are quantiles of the model's own success rate), and each has a share of the reasoning.

    Args:
        shares: share in (0, 1] for each bin, from the easiest on.
    """

    source = "Snell et al., arXiv 2408.03314"
    observes = ("request.difficulty_seen",)

    def __init__(self, shares: Sequence[float]) -> None:
        if not shares or not all(0 < one <= 1 for one in shares):
            raise ValueError(f"shares is {list(shares)}; it needs at least one number, all in (0, 1]")
        self._shares = list(shares)

    def effort(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The share of the request's bin."""
        return self._shares[min(int(request.difficulty_seen * len(self._shares)), len(self._shares) - 1)]
