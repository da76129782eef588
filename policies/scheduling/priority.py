"""Tiers in the order of the configuration."""

from cloudsim.contracts import ReplicaView, RequestView


class Priority:
    """Requests of a stricter tier go first, those of one tier in the order in which they came (vLLM's priority scheduling).

    Where blocks run out a request of the laxest tier gives way, the one admitted last. A running request does not give way to a waiting
    one, as in vLLM; so lax tiers may starve while stricter ones alone fill the replica.
    """

    def rank(self, request: RequestView, replica: ReplicaView) -> float:
        """Number of its tier."""
        return request.tier
