"""Least recently used."""

from cloudsim.contracts import KeptPrefix, ReplicaView


class LRU:
    """The conversation that has been silent for longest gives way first, as in vLLM V1 and SGLang."""

    source = "vLLM V1; SGLang's RadixAttention, arXiv 2312.07104"
    observes = ("kept.stored_s",)

    def worth(self, entry: KeptPrefix, replica: ReplicaView) -> float:
        """The time at which its last turn completed."""
        return entry.stored_s
