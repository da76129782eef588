"""Load as the number of requests."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class Outstanding:
    """Requests that a replica has, waiting and running."""

    source = "least connections, as HAProxy and NGINX balance"
    observes = ("replica.outstanding",)

    def score(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """Their number."""
        return replica.outstanding
