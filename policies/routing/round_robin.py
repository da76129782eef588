"""Replicas in turn."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class RoundRobin:
    """Each request goes to the next ready replica."""

    source = "round robin, as most load balancers do by default"
    observes = ("fleet.ready",)

    def __init__(self) -> None:
        self._next = 0

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView:
        """The next one in the list."""
        ready = fleet.ready
        self._next += 1
        return ready[self._next % len(ready)]
