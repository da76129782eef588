"""How long a request would take."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class CompletionS:
    """Seconds until the answer would be complete: `ReplicaView.dense_s` of this prompt with the mean length of recent answers.

    The queue is prefilled first, then the batch stays as it is, and the model runs in full: what a lean budget saves is not counted.
    The estimate needs the time of a step, so it costs some two microseconds a replica.
    """

    source = "ours; shortest expected delay of queueing theory"
    observes = ("fleet.output_tokens_mean", "replica.dense_s", "request.generated_tokens", "request.input_tokens")

    def score(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """Seconds."""
        output_tokens = fleet.output_tokens_mean
        first_s, token_s = replica.dense_s(request.input_tokens + request.generated_tokens, output_tokens)
        return first_s + output_tokens * token_s
