"""The best level that is expected to be in time."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView
from cloudsim.estimators.level_latency import lateness, time_share
from cloudsim.models.elastic import ElasticProfile


class ModelPredictive:
    """Predicts TTFT, TPOT and end-to-end latency at each level and takes the smallest loss of quality that keeps the targets.

    A level's first token and its further ones take `fixed_share + (1 − fixed_share) · depth` of what the full model is estimated to need on
    this replica now (`ReplicaView.dense_s`, with the mean length of recent answers); waiting so far is added. The best published quality
    whose latencies are within `headroom` of the tier's targets is taken, the leaner one of equals; where none is, the least late in
    proportion to its target. The horizon is this one request: the queue and the batch are taken to run at its level, shorter reasoning
    and what comes after are not counted. One model-predictive step, our rule.

    Args:
        headroom: share of each target that may be planned for, above 0; more than 1 plans to be late.
        fixed_share: share of a step that skipping layers does not save (host, head), in [0, 1].
    """

    source = "ours, after model-predictive control"
    observes = (
        "fleet.now_s", "fleet.output_tokens_mean", "fleet.tiers", "replica.dense_s", "replica.profile", "request.arrival_s",
        "request.generated_tokens", "request.input_tokens", "request.tier",
    )  # fmt: skip

    def __init__(self, headroom: float, fixed_share: float) -> None:
        if not headroom > 0:
            raise ValueError(f"headroom is {headroom}; it must be above 0")
        if not 0 <= fixed_share <= 1:
            raise ValueError(f"fixed_share is {fixed_share}; it must lie in [0, 1]")
        self._headroom, self._fixed_share = headroom, fixed_share
        self._levels: dict[str, list[tuple[float, float]]] = {}

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """That of the chosen level."""
        profile = replica.profile
        levels = self._levels.get(profile.name) or self._ranked(profile)
        output_tokens, started = fleet.output_tokens_mean, request.generated_tokens
        dense = replica.dense_s(request.input_tokens + started, output_tokens)
        target, waited_s, headroom = fleet.tiers[request.tier], fleet.now_s - request.arrival_s, self._headroom
        chosen, least = 1.0, float("inf")
        for share, budget in levels:
            late = lateness(share, dense, output_tokens, target, waited_s, started > 0)
            if late <= headroom:
                return budget
            if late < least:
                chosen, least = budget, late
        return chosen

    def _ranked(self, profile: ElasticProfile) -> list[tuple[float, float]]:
        """Time share and budget of each level, the best quality first."""
        ranked = sorted(profile.levels, key=lambda level: (-level.quality, level.budget))
        self._levels[profile.name] = [(time_share(level, self._fixed_share), level.budget) for level in ranked]
        return self._levels[profile.name]
