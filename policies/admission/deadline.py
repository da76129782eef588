"""Only requests that can still meet their deadline are served."""

from cloudsim.contracts import FleetView, RequestView


class Deadline:
    """Rejects a request whose estimated time to first token or end-to-end latency on the least busy replica exceeds its tier's target.

    The estimate is that of the full model on the present batch, with the mean length of recent answers.

    Args:
        slack: how many times the target the estimate may be, above 0.
    """

    source = "early rejection, as Mooncake does, arXiv 2407.00079; the estimate is ours"
    observes = (
        "fleet.output_tokens_mean", "fleet.ready", "fleet.tiers", "replica.dense_s", "replica.queued_tokens", "request.input_tokens",
        "request.tier"
    )  # fmt: skip

    def __init__(self, slack: float) -> None:
        if slack <= 0:
            raise ValueError(f"slack is {slack}; it must be above 0")
        self._slack = slack

    def admit(self, request: RequestView, fleet: FleetView) -> bool:
        """Whether some replica is expected to be in time; with no replica ready the request may wait."""
        if not fleet.ready:
            return True
        replica = min(fleet.ready, key=lambda replica: replica.queued_tokens)
        first_s, token_s = replica.dense_s(request.input_tokens, fleet.output_tokens_mean)
        target = fleet.tiers[request.tier]
        return first_s <= target.ttft_s * self._slack and first_s + fleet.output_tokens_mean * token_s <= target.e2e_s * self._slack
