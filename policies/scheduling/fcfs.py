"""First come, first served."""

from cloudsim.contracts import ReplicaView, RequestView


class FCFS:
    """One rank for all: requests are admitted in the order in which they came, and the youngest gives way where blocks run out (vLLM V1).

    It gives what a contender without a scheduling policy does, which is faster to simulate.
    """

    def rank(self, request: RequestView, replica: ReplicaView) -> float:
        """The same for every request, so that the order of coming decides."""
        return 0.0
