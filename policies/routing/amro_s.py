"""Ants that leave pheromone on models whose answers were right, apart for each class of tasks."""

from random import Random

from cloudsim.contracts import FleetView, ReplicaView, RequestView, Served
from policies.pools import least_outstanding


class AmroS:
    """AMRO-S (arXiv 2603.12933): ant-colony routing with pheromones for each class of tasks and updates that a quality gate lets through.

    A request takes pool m with probability ∝ τ(class, m)^α · η(m)^β, with η = 1/(1 + outstanding requests of its least busy replica), which
    serves. When it has ended, the pheromone of its class evaporates, τ ← (1 − ρ)·τ, and if its user found the answer right its pool gets
    ρ/(1 + GPU-seconds/`gpu_s_scale`), so that of two models that are right the cheaper one is preferred. τ starts at 1 and stays at least
    `least_pheromone`, so no model is forgotten (max-min ant system). The paper's classes come from a small intent model and its paths have
    several agents; ours are bins of seen difficulty × tiers, and paths of one model. The form of η and of the deposit is ours.

    Args:
        bins: equal bins of the difficulty in [0, 1].
        pheromone, load: the exponents α and β, at least 0.
        evaporation: ρ in (0, 1].
        gpu_s_scale: GPU-seconds that halve a deposit.
        least_pheromone: that below which none falls, in (0, 1].
        seed: of the draws.
    """

    source = "AMRO-S, arXiv 2603.12933"
    observes = (
        "fleet.ready", "fleet.ready_by_pool", "replica.outstanding", "replica.pool", "request.difficulty_seen", "request.tier",
        "served.gpu_s", "served.replica", "served.request", "served.right_seen",
    )  # fmt: skip

    def __init__(
        self, bins: int, pheromone: float, load: float, evaporation: float, gpu_s_scale: float, least_pheromone: float, seed: int
    ) -> None:  # fmt: skip
        if bins < 1 or min(pheromone, load) < 0 or gpu_s_scale <= 0:
            raise ValueError(
                f"bins is {bins}, pheromone {pheromone}, load {load}, gpu_s_scale {gpu_s_scale}; "
                "they must be at least 1, at least 0, at least 0 and above 0"
            )
        if not (0 < evaporation <= 1 and 0 < least_pheromone <= 1):
            raise ValueError(f"evaporation is {evaporation} and least_pheromone {least_pheromone}; they must lie in (0, 1]")
        self._bins, self._pheromone, self._load = bins, pheromone, load
        self._evaporation, self._gpu_s_scale, self._least = evaporation, gpu_s_scale, least_pheromone
        self._draw = Random(seed).random
        self._trails: dict[tuple[int, int], dict[str, float]] = {}

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView:
        """A draw by pheromone and load."""
        trails = self._trails.get(self._class(request))
        chosen, total = fleet.ready[0], 0.0
        point = self._draw()
        for pool, replicas in fleet.ready_by_pool.items():
            if not replicas:
                continue
            replica = least_outstanding(replicas)
            weight = (1.0 + replica.outstanding) ** -self._load
            if trails is not None:
                weight *= trails.get(pool, 1.0) ** self._pheromone
            total += weight
            # One number serves all pools: this one is taken with probability weight/total, and what is left of the number is uniform again.
            if point * total < weight:
                chosen, point = replica, point * total / weight
            elif total > weight:
                point = (point * total - weight) / (total - weight)
        return chosen

    def learn(self, served: Served) -> None:
        """Evaporation in the request's class, and a deposit for a right answer."""
        if served.replica is None:
            return
        trails, rho, least = self._trails.setdefault(self._class(served.request), {}), self._evaporation, self._least
        trails.setdefault(served.replica.pool, 1.0)
        for pool, trail in trails.items():
            trails[pool] = max(least, (1.0 - rho) * trail)
        if served.right_seen:
            trails[served.replica.pool] += rho / (1.0 + served.gpu_s / self._gpu_s_scale)

    def _class(self, request: RequestView) -> tuple[int, int]:
        return min(int(request.difficulty_seen * self._bins), self._bins - 1), request.tier
