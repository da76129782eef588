"""How sure one can be of an answer without knowing whether it is right: signal detection with a stated error.

An answer has a score x, normal with variance 1 and mean d' if it is right, 0 if it is wrong (Green and Swets 1966). The chance that a right
answer scores above a wrong one, the AUROC, is then Φ(d'/√2). The confidence is P(right | x) = σ(logit p + d'·x − d'²/2) with p the share of
right answers of this model over the workload: of all first answers with confidence c a share c is right. Among answers picked by it (those
of a second model, of hard questions) it is as good or bad an estimate as a confidence of the field is there.
"""

from math import exp, inf, log, sqrt

GOLDEN = 0.618034
"""Steps of this length spread evenly over a circle: the signals of a request's later answers."""


def separation(auroc: float) -> float:
    """d' of an AUROC in [0.5, 1]; infinite at 1."""
    from scipy.special import ndtri

    return inf if auroc >= 1.0 else sqrt(2.0) * float(ndtri(auroc))


def confidence(right: bool, share: float, signal: float, separated: float) -> float:
    """P(right | score) of one answer.

    Args:
        right: whether it is.
        share: right answers of its model over the workload, in [0, 1].
        signal: uniform number in [0, 1), the quantile of its score among answers that are as right or wrong.
        separated: d', at least 0.
    """
    if separated == inf:
        return float(right)
    if separated == 0 or not 0 < share < 1:
        return share
    if signal <= 0:
        return 0.0
    from scipy.special import ndtri

    score = float(ndtri(signal)) + (separated if right else 0.0)
    odds = log(share / (1.0 - share)) + separated * score - separated**2 / 2
    return 1.0 / (1.0 + exp(-odds)) if odds > -700 else 0.0


def signal_of(signal: float, attempt: int) -> float:
    """The uniform number behind answer `attempt` (from 0) of a request with `signal`."""
    return (signal + GOLDEN * attempt) % 1.0
