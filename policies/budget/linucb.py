"""A bandit that tries the level which may be best."""

from math import sqrt

from cloudsim.contracts import FleetView, ReplicaView, RequestView, Served
from cloudsim.estimators.budget_bandit import BudgetBandit


class Linucb:
    """LinUCB with disjoint linear models (Li et al., WWW 2010, arXiv 1003.0146): the level with the largest xᵀθ + α·√(xᵀA⁻¹x).

    The levels of the replica's elastic profile are the arms; `BudgetBandit` says what context x, rewards and their delay are. Ours: the
    context, the reward, and that a choice does not wait for the rewards of those before. What a choice does to requests that come later is
    not in its reward. A call costs some seven microseconds, and an end as much.

    Args:
        exploration: α, at least 0. Rewards are in [0, 1] and expected to be 0 at first, so below about 1 some levels may never be tried.
        right_weight, ridge, queue_tokens, sequences: as in `BudgetBandit`.
    """

    source = "LinUCB, arXiv 1003.0146"
    observes = BudgetBandit.observes

    def __init__(self, exploration: float, right_weight: float, ridge: float, queue_tokens: float, sequences: float) -> None:
        if not exploration >= 0:
            raise ValueError(f"exploration is {exploration}; it must be at least 0")
        self._exploration = exploration
        self._bandit = BudgetBandit(right_weight, ridge, queue_tokens, sequences)

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """That of the level with the highest bound; the richest of equals."""
        means, variances = self._bandit.estimates(request, replica, fleet)
        bounds = [mean + self._exploration * sqrt(variance) for mean, variance in zip(means, variances, strict=True)]
        return replica.profile.levels[bounds.index(max(bounds))].budget

    def learn(self, served: Served) -> None:
        """A request has ended."""
        self._bandit.learn(served)
