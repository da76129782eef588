"""Least slack first: who has to begin soonest to keep what its tier was promised."""

from cloudsim.contracts import ReplicaView, RequestView

LATE = 1e12
"""Rank of requests that cannot be in time any more: behind all others."""


class LeastSlack:
    """Requests go by the latest moment at which they could begin and still meet their tier's time to first token and end-to-end latency.

    Least laxity first of real-time scheduling (Mok 1983), on estimates: the prompt, and the tokens of the answer that are predicted to
    remain (`output_tokens_seen`), at the speeds of the full model in the replica's present batch. Under overload that rule makes all late,
    one after the other, so a request that cannot be in time goes behind those that can, in the order of arrival (ours).

    Args:
        slack: how many times its target a latency may be before a request counts as late, above 0.
    """

    reorders = True

    def __init__(self, slack: float) -> None:
        if slack <= 0:
            raise ValueError(f"slack is {slack}; it must be above 0")
        self._slack = slack
        self._speeds: dict[int, tuple[float, float]] = {}

    def observe(self, replica: ReplicaView) -> None:
        """Take the seconds of a prompt token and of an output token from the present batch."""
        none, some = replica.dense_s(0, 1), replica.dense_s(1000, 1)
        prompt_token_s = (some.first_s - some.token_s - none.first_s + none.token_s) / 1000
        self._speeds[replica.index] = (prompt_token_s, none.token_s)

    def rank(self, request: RequestView, replica: ReplicaView) -> float:
        """The latest moment to begin, in seconds of simulated time."""
        if replica.index not in self._speeds:
            self.observe(replica)
        prompt_token_s, token_s = self._speeds[replica.index]
        target, done = replica.tiers[request.tier], request.generated_tokens
        prefill_s = (request.input_tokens + done) * prompt_token_s
        left_s = prefill_s + max(1, request.output_tokens_seen - done) * token_s
        begin_s = request.arrival_s + target.e2e_s * self._slack - left_s
        if not done:
            begin_s = min(begin_s, request.arrival_s + target.ttft_s * self._slack - prefill_s)
        return begin_s if begin_s >= replica.now_s else LATE + request.arrival_s
