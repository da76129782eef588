"""The replica with the fewest requests."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class LeastOutstanding:
    """Each request goes to the ready replica with the fewest requests, waiting and running (the oldest of equals)."""

    source = "least connections, as HAProxy and NGINX balance"
    observes = ("fleet.ready", "replica.outstanding")

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView:
        """The first replica with the least outstanding."""
        return min(fleet.ready, key=lambda replica: replica.outstanding)
