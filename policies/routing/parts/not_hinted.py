"""Keeps off nodes that may soon go."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class NotHinted:
    """Keeps the replicas on whose node no rebalance hint has come."""

    source = "EC2's capacity rebalancing"
    observes = ("replica.hinted",)

    def keep(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> bool:
        """False after a hint."""
        return not replica.hinted
