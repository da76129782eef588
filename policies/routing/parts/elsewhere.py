"""Distance from where the users are."""

from collections.abc import Sequence

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class Elsewhere:
    """1 for a replica outside the preferred zones, 0 inside.

    Args:
        zones: names of zones, or beginnings of names such as a region's; at least one.
    """

    source = "ours"
    observes = ("replica.zone",)

    def __init__(self, zones: Sequence[str]) -> None:
        if not zones or isinstance(zones, str) or not all(zones):
            raise ValueError(f"zones is {zones!r}; it needs a list of at least one name of a zone or region")
        self._zones = tuple(zones)

    def score(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """0 or 1."""
        return 0.0 if replica.zone.startswith(self._zones) else 1.0
