"""Shortest remaining processing time where a job is revealed operation by operation: first its reasoning, then its answer."""

from cloudsim.contracts import ReplicaView, RequestView
from policies.quanta import EqualQuanta


class RevealedSRPT(EqualQuanta):
    """The request whose present operation has the fewest tokens left goes first; how long the answer proper is shows when it begins.

    The model of arXiv 2602.12716 (online flow time minimization with gradually revealed jobs): the length of an operation becomes known
    when the one before it completes. The rule is SRPT at the level of operations, which the paper shows to be 2-competitive on one machine
    in its special case of uniform obligatory tests. Its O(m²)-competitive algorithm for m operations of any lengths groups them into
    virtual chunks of well estimated size; that is not done here. Besides, a replica serves a batch and not one job, prompts cost nothing,
    and who gives way is computed again. A request without reasoning has one operation, as in SRPT.

    Args:
        quantum: tokens after which a running request is compared with those that wait, at least 1; the end of an operation is one too.
    """

    source = "after arXiv 2602.12716"
    observes = ("request.full_output_tokens", "request.generated_tokens", "request.reasoning_tokens")
    oracle = ("length",)

    def rank(self, request: RequestView, replica: ReplicaView) -> float:
        """Tokens left of the operation under way."""
        done = request.generated_tokens
        end = request.reasoning_tokens if done < request.reasoning_tokens else request.full_output_tokens
        return max(1, end - done)

    def quantum_tokens(self, request: RequestView, replica: ReplicaView) -> int:
        """Up to the end of the operation, at most the quantum."""
        return min(self._quantum, int(self.rank(request, replica)))
