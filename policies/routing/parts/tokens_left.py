"""Load as the number of tokens still to be worked on."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class TokensLeft:
    """Prompt tokens that a replica has still to prefill, and tokens that its requests have still to write, in expectation.

    Of a request's answer the mean length of recent answers is taken to be left, whether it is under way or not: exact for lengths without
    memory (geometric), too much for lengths that spread less.

    Args:
        prompt_token: what a prompt token counts in tokens written, above 0; a prefill has many tokens to a step, so less than 1.
    """

    source = "ours; join the shortest queue, in tokens"
    observes = ("fleet.output_tokens_mean", "replica.outstanding", "replica.queued_tokens")

    def __init__(self, prompt_token: float) -> None:
        if not prompt_token > 0:
            raise ValueError(f"prompt_token is {prompt_token}; it must be above 0")
        self._prompt_token = prompt_token

    def score(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """Tokens."""
        return self._prompt_token * replica.queued_tokens + fleet.output_tokens_mean * replica.outstanding
