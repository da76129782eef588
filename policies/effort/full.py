"""Every request may write all its reasoning."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class Full:
    """Effort 1, always: what others are compared with. A request writes what its level grants, as where there is no effort policy."""

    source = "ours"
    observes = ()

    def effort(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """1."""
        return 1.0
