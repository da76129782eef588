"""The largest first."""

from cloudsim.contracts import KeptPrefix, ReplicaView


class LargestFirst:
    """The entry that takes most memory gives way first, so that many conversations keep something.

    The rule SIZE of web caches (Williams et al., SIGCOMM 1996), by KV units, so that lean levels count as small. There the whole document
    goes; here an entry loses its last blocks first and keeps the rank that it had when it was stored. It makes more hits and may save fewer
    tokens: what is cheap to keep is cheap to compute.
    """

    source = "SIZE, Williams et al., SIGCOMM 1996"
    observes = ("kept.units",)

    def worth(self, entry: KeptPrefix, replica: ReplicaView) -> float:
        """Its units, negative."""
        return -float(entry.units)
