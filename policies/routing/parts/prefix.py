"""What a replica need not compute."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class Prefix:
    """Prompt tokens of a request that a replica would find in its prefix cache, negative; 0 where the contender has none."""

    source = "prefix-cache scorer of the Kubernetes Gateway API inference extension; Preble, arXiv 2407.00023"
    observes = ("replica.cached_tokens",)

    def score(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """Tokens, at most 0."""
        return -replica.cached_tokens(request)
