"""Shortest remaining processing time, with predicted lengths."""

from cloudsim.contracts import ReplicaView, RequestView
from policies.quanta import EqualQuanta


class PredictedSRPT(EqualQuanta):
    """The request with the fewest tokens predicted to remain goes first, and a running one gives way to it after each quantum.

    SRPT on the predictions of a length model, as in TRAIL (arXiv 2410.01035). Simplified: the prediction, made once, is the true length at
    full compute times a lognormal factor (`workload.length_noise`); TRAIL refines it while the answer grows and stops preempting late in an
    answer. A request that outlives its prediction has one token left by it, so it is not preempted for want of a place.

    Args:
        quantum: tokens after which a running request is compared with those that wait, at least 1.
    """

    source = "SRPT on predicted lengths, as in TRAIL, arXiv 2410.01035"
    observes = ("request.generated_tokens", "request.output_tokens_seen")

    def rank(self, request: RequestView, replica: ReplicaView) -> float:
        """Tokens that are predicted to remain, at least 1."""
        return max(1, request.output_tokens_seen - request.generated_tokens)
