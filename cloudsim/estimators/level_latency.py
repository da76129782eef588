"""What a level of an elastic model would take, from what the full one would."""

from cloudsim.config import TierConfig
from cloudsim.models.elastic import Level
from cloudsim.views import DenseLatency


def time_share(level: Level, fixed_share: float) -> float:
    """Time at a level over the full model's: fixed + (1 − fixed) · depth.

    As if the whole batch and its queue ran at this level; width is not counted.

    Args:
        fixed_share: what skipping layers does not save of a step (host, head), in [0, 1].
    """
    return fixed_share + (1.0 - fixed_share) * level.depth


def lateness(share: float, dense: DenseLatency, output_tokens: float, target: TierConfig, waited_s: float, started: bool) -> float:
    """The largest of the predicted TTFT, TPOT and end-to-end latency over their targets; above 1 a promise would be broken.

    Args:
        share: time over the full model's (`time_share`).
        dense: estimate for the full model.
        output_tokens: tokens of the answer.
        waited_s: seconds since the arrival.
        started: whether the first token was sent already.
    """
    first_s, token_s = dense
    worst = (waited_s + share * (first_s + output_tokens * token_s)) / target.e2e_s
    pace = share * token_s / target.tpot_s
    if pace > worst:
        worst = pace
    if not started:
        first = (waited_s + share * first_s) / target.ttft_s
        if first > worst:
            worst = first
    return worst
