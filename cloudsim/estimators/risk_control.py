"""Which budgets are safe: Learn then Test (Angelopoulos et al., arXiv 2110.01052)."""

from collections.abc import Sequence
from math import ceil, e, exp, log


def hoeffding_bentkus(mean_loss: float, count: int, alpha: float) -> float:
    """p-value of the hypothesis that the expected loss exceeds `alpha` (arXiv 2110.01052, from Bates et al., arXiv 2101.02703).

    min(exp(−n·h(min(m, α), α)), e·P(Binomial(n, α) ≤ ⌈n·m⌉)) with h(a, b) = a·ln(a/b) + (1 − a)·ln((1 − a)/(1 − b)).

    Args:
        mean_loss: m, mean of independent losses in [0, 1].
        count: n, their number.
        alpha: in (0, 1); from 1 on nothing can exceed it.
    """
    if alpha >= 1:
        return 0.0
    if not count or alpha <= 0:
        return 1.0
    from scipy.special import bdtr

    low = min(mean_loss, alpha)
    distance = (low * log(low / alpha) if low else 0.0) + (1 - low) * log((1 - low) / (1 - alpha))
    return float(min(1.0, exp(-count * distance), e * bdtr(ceil(count * mean_loss - 1e-9), count, alpha)))


def leanest_safe(outcomes: Sequence[tuple[int, int]], alpha: float, delta: float) -> int:
    """The leanest level whose share of wrong answers exceeds the full model's by at most `alpha`; wrong with a chance of at most `delta`.

    Of δ one half goes to a lower bound L on the full model's share of wrong answers (exact, Clopper and Pearson), the other to the tests,
    with the tolerance L + α. Levels are tested from the richest down until one fails: a fixed sequence needs no further correction.

    Args:
        outcomes: (right, wrong) answers of each level on requests of its own, the full model first.
        alpha: in (0, 1). delta: in (0, 1).

    Returns:
        Position in `outcomes`; 0, which needs no test, if not even the richest of the others passes.
    """
    from scipy.special import betaincinv

    right, wrong = outcomes[0]
    least = float(betaincinv(wrong, right + 1, delta / 2)) if wrong else 0.0
    safe = 0
    for at, (right, wrong) in enumerate(outcomes[1:], 1):
        count = right + wrong
        if not count or hoeffding_bentkus(wrong / count, count, least + alpha) > delta / 2:
            break
        safe = at
    return safe
