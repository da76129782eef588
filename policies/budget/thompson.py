"""A bandit that tries each level as often as it may be best."""

from collections.abc import Iterator
from math import sqrt

import numpy as np

from cloudsim.contracts import FleetView, ReplicaView, RequestView, Served
from cloudsim.estimators.budget_bandit import BudgetBandit


class Thompson:
    """Thompson sampling with linear models (Agrawal and Goyal, ICML 2013, arXiv 1209.3352): draws each level's weights from
    N(θ, v²·A⁻¹) and takes the level whose draw promises most.

    Only xᵀ(draw) counts, and it is N(xᵀθ, v²·xᵀA⁻¹x), so that is what is drawn. Ours: weights of its own for each level of the replica's
    elastic profile, and context x and reward as `BudgetBandit` has them. A call costs some eight microseconds, and an end as much.

    Args:
        spread: v, at least 0. Rewards are in [0, 1] and expected to be 0 at first: the smaller it is, the later other levels are tried.
        seed: of its random numbers.
        right_weight, ridge, queue_tokens, sequences: as in `BudgetBandit`.
    """

    source = "Thompson sampling, arXiv 1209.3352"
    observes = BudgetBandit.observes

    def __init__(self, spread: float, seed: int, right_weight: float, ridge: float, queue_tokens: float, sequences: float) -> None:
        if not spread >= 0:
            raise ValueError(f"spread is {spread}; it must be at least 0")
        self._spread, self._normal = spread, _normal(seed)
        self._bandit = BudgetBandit(right_weight, ridge, queue_tokens, sequences)

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """That of the level with the highest draw; the richest of equals."""
        means, variances = self._bandit.estimates(request, replica, fleet)
        spread = self._spread
        drawn = [mean + spread * sqrt(variance) * normal for mean, variance, normal in zip(means, variances, self._normal, strict=False)]
        return replica.profile.levels[drawn.index(max(drawn))].budget

    def learn(self, served: Served) -> None:
        """A request has ended."""
        self._bandit.learn(served)


def _normal(seed: int) -> Iterator[float]:
    """Standard normal numbers, drawn a thousand at a time since one by one they cost more."""
    draws = np.random.default_rng(seed)
    while True:
        yield from draws.standard_normal(1000).tolist()
