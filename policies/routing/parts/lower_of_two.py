"""The better of two replicas drawn by lot."""

from collections.abc import Callable, Sequence
from random import Random

from cloudsim.contracts import ReplicaView


class LowerOfTwo:
    """Draws two different replicas and takes the one with the lower price: the power of two choices (Mitzenmacher, TPDS 2001).

    Only two prices are worked out, however large the fleet; the longest queue of n replicas then grows like log log n.

    Args:
        seed: of its random numbers.
    """

    source = "power of two choices, Mitzenmacher, TPDS 2001"
    observes: tuple[str, ...] = ()

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random

    def pick(self, replicas: Sequence[ReplicaView], cost: Callable[[ReplicaView], float]) -> ReplicaView:
        """The one with the lower price of the two, the first drawn of equals."""
        count = len(replicas)
        if count == 1:
            return replicas[0]
        at = int(self._random() * count)
        other = int(self._random() * (count - 1))
        first, second = replicas[at], replicas[other + (other >= at)]
        return second if cost(second) < cost(first) else first
