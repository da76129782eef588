"""Shortest remaining processing time, with lengths known."""

from cloudsim.contracts import ReplicaView, RequestView
from policies.quanta import EqualQuanta


class SRPT(EqualQuanta):
    """The request with the fewest tokens still to generate goes first, and a running one gives way to it after each quantum.

    Optimal for the mean flow time on one machine that serves one job at a time (Schrage 1968); here a bound, since no operator knows the
    length of an answer. Simplified: remaining work is counted in output tokens at full compute, the prompt costs nothing, and who gives way
    is computed again. Long answers starve while shorter ones keep coming.

    Args:
        quantum: tokens after which a running request is compared with those that wait, at least 1.
    """

    source = "shortest remaining processing time, Schrage 1968"
    observes = ("request.full_output_tokens", "request.generated_tokens")
    oracle = ("length",)

    def rank(self, request: RequestView, replica: ReplicaView) -> float:
        """Tokens still to generate."""
        return max(1, request.full_output_tokens - request.generated_tokens)
