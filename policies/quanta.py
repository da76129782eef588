"""Scheduling policies that give everybody the same time before they compare anew."""

from cloudsim.contracts import ReplicaView, RequestView


class EqualQuanta:
    """Part of such a policy.

    Args:
        quantum: tokens after which a running request is compared with those that wait, at least 1.
    """

    def __init__(self, quantum: int) -> None:
        if quantum < 1:
            raise ValueError(f"quantum is {quantum}; it must be at least 1 token")
        self._quantum = quantum

    def quantum_tokens(self, request: RequestView, replica: ReplicaView) -> int:
        """The same for all."""
        return self._quantum
