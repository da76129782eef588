"""Reasoning ends in time for the answer."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class DeadlineCap:
    """A cap on reasoning by the time that is left to the end-to-end target, as budget forcing caps it by tokens (s1, arXiv 2501.19393).

    At dispatch: of F tokens that an answer would have with all its reasoning, a share f is reasoning. If only n can be written in the time
    left at the present token time (the replica's estimate for the full model), the share is (n/F − 1 + f)/f. While it runs: reasoning ends
    as soon as the time left is no more than the (1 − f)·F tokens after it take. F is the mean of recent answers over what the shares given
    so far leave of one, as lengths are not known before their end. A rule of ours.

    Args:
        headroom: share of the target that may be planned for, in (0, 1].
        reasoning: f, the mean share of reasoning in an answer, in (0, 1).
        floor: least share, in (0, 1].
    """

    source = "ours, after budget forcing in s1, arXiv 2501.19393"
    observes = (
        "fleet.now_s", "fleet.output_tokens_mean", "fleet.tiers", "replica.dense_s", "request.arrival_s", "request.generated_tokens",
        "request.input_tokens", "request.tier",
    )  # fmt: skip

    def __init__(self, headroom: float, reasoning: float, floor: float) -> None:
        for name, value in (("headroom", headroom), ("floor", floor)):
            if not 0 < value <= 1:
                raise ValueError(f"{name} is {value}; it must lie in (0, 1]")
        if not 0 < reasoning < 1:
            raise ValueError(f"reasoning is {reasoning}; it must lie in (0, 1)")
        self._headroom, self._reasoning, self._floor = headroom, reasoning, floor
        self._mean_share = 1.0

    def effort(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The share that fits into the time left, clipped to [floor, 1]."""
        reasoning = self._reasoning
        first_s, token_s = replica.dense_s(request.input_tokens + request.generated_tokens, fleet.output_tokens_mean)
        tokens = request.generated_tokens + (self._left_s(request, fleet) - first_s) / token_s
        share = (tokens / self._whole(fleet) - 1.0 + reasoning) / reasoning
        share = min(1.0, max(self._floor, share))
        self._mean_share += 0.01 * (share - self._mean_share)
        return share

    def tighten(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The floor once the answer has to begin, which ends reasoning where it is; 1 before."""
        token_s = replica.dense_s(0, fleet.output_tokens_mean).token_s
        late = self._left_s(request, fleet) <= (1.0 - self._reasoning) * self._whole(fleet) * token_s
        return self._floor if late else 1.0

    def _left_s(self, request: RequestView, fleet: FleetView) -> float:
        return fleet.tiers[request.tier].e2e_s * self._headroom - (fleet.now_s - request.arrival_s)

    def _whole(self, fleet: FleetView) -> float:
        """F: tokens of a mean answer with all its reasoning."""
        return fleet.output_tokens_mean / (1.0 - self._reasoning * (1.0 - self._mean_share))
