"""The replica with the lowest price."""

from collections.abc import Callable, Sequence

from cloudsim.contracts import ReplicaView


class Lowest:
    """The lowest price; of equals the replica that has been ready for longest."""

    observes: tuple[str, ...] = ()

    def pick(self, replicas: Sequence[ReplicaView], cost: Callable[[ReplicaView], float]) -> ReplicaView:
        """The first of the lowest."""
        return min(replicas, key=cost)
