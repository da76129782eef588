"""A contextual bandit that learns which model is accurate enough for which questions, and what it costs."""

import numpy as np

from cloudsim.contracts import FleetView, ReplicaView, RequestView, Served
from policies.pools import least_outstanding


class GreenServ:
    """GreenServ (arXiv 2601.17551): LinUCB over models, with the reward λ·accuracy − (1 − λ)·energy.

    The context is one-hot, as in the paper: the bin of the seen difficulty (there: task, semantic cluster and complexity of the text) and
    the tier. Each pool has a ridge regression A = I + Σ x xᵀ, b = Σ r x with θ = A⁻¹b; a request goes to the pool with the largest θᵀx + α
    √(xᵀA⁻¹x), to its least outstanding replica. Accuracy is 1 for an answer that its user found right (`Served.right_seen`), else 0; a
    request that was lost counts as wrong. Energy is taken as GPU-seconds over `gpu_s_scale`, at most 1: pools of one GPU model draw about
    the same power. Ours: pools whose least busy replica has `crowded` requests are left out while another has fewer (the paper filters by
    latency), and A is inverted once in `batch` answers, so that a decision costs a few look-ups.

    Args:
        weight: λ in [0, 1].
        exploration: α, at least 0.
        gpu_s_scale: GPU-seconds of an answer that count as 1.
        bins: equal bins of the difficulty in [0, 1].
        crowded: outstanding requests at which a pool is left out.
        batch: answers after which a pool's estimates are renewed.
    """

    source = "GreenServ, arXiv 2601.17551"
    observes = (
        "fleet.ready", "fleet.ready_by_pool", "fleet.tiers", "replica.outstanding", "replica.pool", "request.difficulty_seen",
        "request.tier", "served.gpu_s", "served.replica", "served.request", "served.right_seen",
    )  # fmt: skip

    def __init__(self, weight: float, exploration: float, gpu_s_scale: float, bins: int, crowded: int, batch: int) -> None:
        if not 0 <= weight <= 1 or exploration < 0 or gpu_s_scale <= 0:
            raise ValueError(
                f"weight is {weight}, exploration {exploration}, gpu_s_scale {gpu_s_scale}; they must lie in [0, 1], at least 0, above 0"
            )
        if min(bins, crowded, batch) < 1:
            raise ValueError(f"bins is {bins}, crowded {crowded}, batch {batch}; they must be at least 1")
        self._weight, self._exploration, self._gpu_s_scale = weight, exploration, gpu_s_scale
        self._bins, self._crowded, self._batch = bins, crowded, batch
        self._tiers = 0
        self._pairs: dict[str, np.ndarray] = {}  # by pool: answers by bin and tier
        self._rewards: dict[str, np.ndarray] = {}
        self._new: dict[str, int] = {}
        self._bounds: dict[str, list[list[float]]] = {}  # the upper confidence bounds by bin and tier

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView:
        """The least outstanding replica of the pool with the highest bound among those that are not busy."""
        if not self._tiers:
            self._tiers = len(fleet.tiers)
        at, tier = min(int(request.difficulty_seen * self._bins), self._bins - 1), request.tier
        best: ReplicaView | None = None
        bound = -np.inf
        for pool, replicas in fleet.ready_by_pool.items():
            if not replicas:
                continue
            least = least_outstanding(replicas)
            if least.outstanding >= self._crowded:
                continue
            if pool not in self._bounds:
                self._open(pool)
            found = self._bounds[pool][at][tier]
            if found > bound:
                best, bound = least, found
        return best if best is not None else least_outstanding(fleet.ready)

    def learn(self, served: Served) -> None:
        """An answer's reward counts for the pool that gave it."""
        if served.replica is None or not self._tiers:
            return
        pool, request = served.replica.pool, served.request
        if pool not in self._bounds:
            self._open(pool)
        at = min(int(request.difficulty_seen * self._bins), self._bins - 1)
        energy = min(1.0, served.gpu_s / self._gpu_s_scale)
        self._pairs[pool][at, request.tier] += 1
        self._rewards[pool][at, request.tier] += self._weight * served.right_seen - (1.0 - self._weight) * energy
        self._new[pool] += 1
        if self._new[pool] >= self._batch:
            self._renew(pool)

    def _open(self, pool: str) -> None:
        self._pairs[pool], self._rewards[pool] = np.zeros((self._bins, self._tiers)), np.zeros((self._bins, self._tiers))
        self._renew(pool)

    def _renew(self, pool: str) -> None:
        """Solve the regression: with one-hot contexts A has the counts of bins and tiers on its diagonal and those of pairs beside it."""
        pairs, rewards, bins = self._pairs[pool], self._rewards[pool], self._bins
        gram = np.eye(bins + self._tiers)
        gram[:bins, :bins] += np.diag(pairs.sum(axis=1))
        gram[bins:, bins:] += np.diag(pairs.sum(axis=0))
        gram[:bins, bins:], gram[bins:, :bins] = pairs, pairs.T
        inverse = np.linalg.inv(gram)
        theta = inverse @ np.concatenate([rewards.sum(axis=1), rewards.sum(axis=0)])
        own = np.diag(inverse)
        spread = np.maximum(own[:bins, None] + own[None, bins:] + 2.0 * inverse[:bins, bins:], 0.0)
        self._bounds[pool] = (theta[:bins, None] + theta[None, bins:] + self._exploration * np.sqrt(spread)).tolist()
        self._new[pool] = 0
