"""What a replica's node costs."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class Price:
    """Present price of its node in $/h: of the spot market in its zone, or on demand."""

    source = "ours"
    observes = ("replica.price_usd_per_h",)

    def score(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """$/h."""
        return replica.price_usd_per_h
