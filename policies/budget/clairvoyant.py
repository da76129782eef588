"""What a budget could be worth to somebody who knows the answers."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView
from cloudsim.estimators.level_latency import lateness, time_share


class Clairvoyant:
    """The leanest level that answers rightly and in time; the leanest of all where none does. A bound, since nobody can know so much.

    It knows the true length of the answer and whether each level would be right. What others will ask for it does not know: lateness is
    predicted from the replica as it is now, as `model_predictive` does (the length at a leaner level is taken to be the full one's). It
    bounds rules that give each request the best for itself; a plan for all requests together may do better. A right answer costs a few
    microseconds a level to look up, or a network's work where one writes the answers.

    Args:
        headroom: share of each target that may be planned for, above 0.
        fixed_share: share of a step that skipping layers does not save (host, head), in [0, 1].
    """

    source = "ours, a bound"
    oracle = ("length", "answer")
    observes = (
        "fleet.now_s", "fleet.tiers", "fleet.would_be_right", "replica.dense_s", "replica.profile", "request.arrival_s",
        "request.full_output_tokens", "request.generated_tokens", "request.input_tokens", "request.tier",
    )  # fmt: skip

    def __init__(self, headroom: float, fixed_share: float) -> None:
        if not headroom > 0:
            raise ValueError(f"headroom is {headroom}; it must be above 0")
        if not 0 <= fixed_share <= 1:
            raise ValueError(f"fixed_share is {fixed_share}; it must lie in [0, 1]")
        self._headroom, self._fixed_share = headroom, fixed_share

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """That of the chosen level."""
        levels, generated = replica.profile.levels, request.generated_tokens
        left_tokens = max(1, request.full_output_tokens - generated)
        dense = replica.dense_s(request.input_tokens + generated, left_tokens)
        target, waited_s = fleet.tiers[request.tier], fleet.now_s - request.arrival_s
        for level in reversed(levels):
            share = time_share(level, self._fixed_share)
            if lateness(share, dense, left_tokens, target, waited_s, generated > 0) > self._headroom:
                break  # richer levels are later still
            if fleet.would_be_right(request, replica, level):
                return level.budget
        return levels[-1].budget
