"""Every request gets the full model."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class Full:
    """Budget 1, always: an elastic model runs as the dense one it was made from."""

    source = "the dense model"
    observes: tuple[str, ...] = ()

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """1."""
        return 1.0
