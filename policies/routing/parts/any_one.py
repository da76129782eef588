"""A replica drawn by lot."""

from collections.abc import Callable, Sequence
from random import Random

from cloudsim.contracts import ReplicaView


class AnyOne:
    """Each replica that comes into question with the same chance, whatever its price.

    Args:
        seed: of its random numbers.
    """

    source = "a baseline of load balancing"
    observes: tuple[str, ...] = ()

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random

    def pick(self, replicas: Sequence[ReplicaView], cost: Callable[[ReplicaView], float]) -> ReplicaView:
        """One of them."""
        return replicas[int(self._random() * len(replicas))]
