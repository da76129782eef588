"""The budget rule of the L2A paper: what time, memory and queue allow, whichever is least."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class L2ACalibrated:
    """b = min(b_time, b_mem, b_queue), each clipped to [floor, 1] (arXiv 2606.27743, section on run-time budgets).

    b_time is the time left to a target over the time the dense model would take, for the strictest of TTFT, TPOT and end-to-end
    latency; the dense times are an online estimate from the replica's present queue and batch and the mean length of recent answers.
    b_mem is the free share of the KV blocks over `kv_reserve`. b_queue falls linearly as the prompt tokens that wait grow to
    `queue_tokens`. The paper gives the form of b_mem and b_queue, not their constants: these are assumed. The part of the rule for a
    node under notice (b_spot) is the notice policy `squeeze`, since a node under notice takes no new requests.

    Args:
        floor: least budget ever given, in (0, 1].
        kv_reserve: share of free KV blocks below which the budget shrinks, in (0, 1].
        queue_tokens: waiting prompt tokens at which b_queue reaches the floor.
        headroom: share of each latency target that may be planned for, in (0, 1].
    """

    source = "L2A, arXiv 2606.27743"
    observes = (
        "fleet.now_s", "fleet.output_tokens_mean", "fleet.tiers", "replica.dense_s", "replica.kv_free", "replica.queued_tokens",
        "request.arrival_s", "request.generated_tokens", "request.input_tokens", "request.tier"
    )  # fmt: skip

    def __init__(self, floor: float, kv_reserve: float, queue_tokens: float, headroom: float) -> None:
        for name, value in (("floor", floor), ("kv_reserve", kv_reserve), ("headroom", headroom)):
            if not 0 < value <= 1:
                raise ValueError(f"{name} is {value}; it must lie in (0, 1]")
        if queue_tokens <= 0:
            raise ValueError(f"queue_tokens is {queue_tokens}; it must be above 0")
        self._floor, self._kv_reserve, self._queue_tokens, self._headroom = floor, kv_reserve, queue_tokens, headroom

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The least of the three budgets."""
        floor, target = self._floor, fleet.tiers[request.tier]
        b = 1.0 - (1.0 - floor) * replica.queued_tokens / self._queue_tokens
        if b <= floor:
            return floor
        output_tokens = fleet.output_tokens_mean
        dense = replica.dense_s(request.input_tokens + request.generated_tokens, output_tokens)
        first_s, token_s = dense
        headroom, waited_s = self._headroom, fleet.now_s - request.arrival_s
        left_s = target.e2e_s * headroom - waited_s
        b = min(b, dense.b_time(left_s, output_tokens), target.tpot_s * headroom / token_s, replica.kv_free() / self._kv_reserve)
        if not request.generated_tokens:
            b = min(b, (target.ttft_s * headroom - waited_s) / first_s)
        return b if b > floor else floor
