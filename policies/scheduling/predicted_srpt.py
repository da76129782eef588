"""Shortest remaining processing time, with predicted lengths."""

from cloudsim.contracts import ReplicaView, RequestView


class PredictedSRPT:
    """The request with the fewest tokens predicted to remain goes first, and a running one gives way to it after each quantum.

    SRPT on the predictions of a length model, as in TRAIL (arXiv 2410.01035). Simplified: the prediction, made once, is the true length at
    full compute times a lognormal factor (`workload.length_noise`); TRAIL refines it while the answer grows and stops preempting late in an
    answer. A request that outlives its prediction has one token left by it, so it is not preempted for want of a place.

    Args:
        quantum: tokens after which a running request is compared with those that wait, at least 1.
    """

    def __init__(self, quantum: int) -> None:
        if quantum < 1:
            raise ValueError(f"quantum is {quantum}; it must be at least 1 token")
        self._quantum = quantum

    def rank(self, request: RequestView, replica: ReplicaView) -> float:
        """Tokens that are predicted to remain, at least 1."""
        return max(1, request.output_tokens_seen - request.generated_tokens)

    def quantum_tokens(self, request: RequestView, replica: ReplicaView) -> int:
        """The same for all."""
        return self._quantum
