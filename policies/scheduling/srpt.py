"""Shortest remaining processing time, with lengths known."""

from cloudsim.contracts import ReplicaView, RequestView


class SRPT:
    """The request with the fewest tokens still to generate goes first, and a running one gives way to it after each quantum.

    Optimal for the mean flow time on one machine that serves one job at a time (Schrage 1968); here a bound, since no operator knows the
    length of an answer. Simplified: remaining work is counted in output tokens at full compute, the prompt costs nothing, and who gives way
    is computed again. Long answers starve while shorter ones keep coming.

    Args:
        quantum: tokens after which a running request is compared with those that wait, at least 1.
    """

    oracle = ("length",)

    def __init__(self, quantum: int) -> None:
        if quantum < 1:
            raise ValueError(f"quantum is {quantum}; it must be at least 1 token")
        self._quantum = quantum

    def rank(self, request: RequestView, replica: ReplicaView) -> float:
        """Tokens still to generate."""
        return max(1, request.full_output_tokens - request.generated_tokens)

    def quantum_tokens(self, request: RequestView, replica: ReplicaView) -> int:
        """The same for all."""
        return self._quantum
