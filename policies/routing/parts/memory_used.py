"""Load as memory."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class MemoryUsed:
    """Share of a replica's KV blocks that is taken by its running requests; those that wait have none yet."""

    source = "KV-cache scorer of the Kubernetes Gateway API inference extension"
    observes = ("replica.kv_free",)

    def score(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """A share, from 0."""
        return 1.0 - replica.kv_free()
