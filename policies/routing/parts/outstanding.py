"""Load as the number of requests."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class Outstanding:
    """Requests that a replica has, waiting and running."""

    observes = ("replica.outstanding",)

    def score(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """Their number."""
        return replica.outstanding
