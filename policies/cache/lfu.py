"""Least frequently used."""

from cloudsim.contracts import KeptPrefix, ReplicaView


class LFU:
    """The conversation whose kept KV has been used by the fewest turns gives way first, of equals the one that has been silent for longest.

    A hit that is missed begins the count anew, since the entry had gone or lies on another replica: in-cache LFU. Conversations that were
    long ago and often used are not aged out.
    """

    source = "in-cache least frequently used, a textbook rule"
    observes = ("kept.hits",)

    def worth(self, entry: KeptPrefix, replica: ReplicaView) -> float:
        """Turns in a row that hit."""
        return float(entry.hits)
