"""The rule of Kubernetes' HorizontalPodAutoscaler."""

from collections import deque
from collections.abc import Mapping

from cloudsim.bounds import Bounds
from cloudsim.contracts import ClusterView, LoadView, PoolLoad

PERIOD_S, PODS = 15.0, 4
"""Default scaling policy upwards: in 15 s at most 4 pods more, or twice as many if that is more."""
ROUNDING = 1e-9


class HpaLike:
    """Kubernetes' HorizontalPodAutoscaler (autoscaling/v2) with an instance for a pod.

    Wanted are ceil(current × metric / target), the metric being the mean over ready instances; within `tolerance` of the target nothing
    changes. Downwards the highest recommendation of the last `stabilisation_s` is taken. Upwards the default limits hold: in 15 s four
    more or twice as many. Kubernetes asks every 15 s, here `fleet.control_interval_s` says when; its delay for pods that have just started
    has no counterpart, since an instance is ready only when its engine is.

    Args:
        metric: outstanding (requests), queued_tokens (prompt tokens that wait) or utilisation (share of the last interval in steps).
        target: of the metric, above 0.
        tolerance: as a share of the target, at least 0 (Kubernetes: 0.1).
        stabilisation_s: seconds, at least 0 (Kubernetes: 300).
        least, most: instances of each pool; see `Bounds`.
    """

    source = "Kubernetes HorizontalPodAutoscaler, autoscaling/v2"
    observes = ("cluster.targets", "load.arrivals_rps", "load.now_s", "load.pending", "load.pools", "pool.outstanding", "pool.ready")
    METRICS = ("outstanding", "queued_tokens", "utilisation")

    def __init__(self, metric: str, target: float, tolerance: float, stabilisation_s: float, least: int, most: int | None) -> None:
        if metric not in self.METRICS:
            raise ValueError(f"metric is {metric!r}; accepted: {', '.join(self.METRICS)}")
        if not target > 0 or not tolerance >= 0 or not stabilisation_s >= 0:
            raise ValueError(
                f"target is {target}, tolerance is {tolerance} and stabilisation_s is {stabilisation_s}; "
                "accepted: target above 0, the others at least 0"
            )
        self._metric, self._target, self._tolerance, self._stabilisation_s = metric, target, tolerance, stabilisation_s
        self._bounds = Bounds(least, most)
        self._recommended: dict[str, deque[tuple[float, int]]] = {}
        self._had: dict[str, deque[tuple[float, int]]] = {}

    def targets(self, load: LoadView, cluster: ClusterView) -> Mapping[str, int]:
        """What the rule gives for each pool."""
        return {pool: self._wanted(pool, load, target) for pool, target in cluster.targets.items()}

    def _wanted(self, pool: str, load: LoadView, target: int) -> int:
        if not load.arrivals_rps:
            return target
        seen, now_s = load.pools[pool], load.now_s
        total = self._total(seen, load.pending)
        ratio = total / (max(1, seen.ready) * self._target)
        recommended = target if seen.ready and abs(ratio - 1) <= self._tolerance + ROUNDING else self._bounds.of(total / self._target)
        past = _since(self._recommended.setdefault(pool, deque()), now_s - self._stabilisation_s)
        past.append((now_s, recommended))
        had = _since(self._had.setdefault(pool, deque()), now_s - PERIOD_S)
        had.append((now_s, target))
        if recommended > target:
            before = min(number for _, number in had)
            return min(recommended, max(target, before + PODS, 2 * before))
        return min(target, max(number for _, number in past))

    def _total(self, seen: PoolLoad, pending: int) -> float:
        if self._metric == "utilisation":
            return seen.utilisation * seen.ready if seen.ready or not pending else self._target
        return seen.outstanding + pending if self._metric == "outstanding" else seen.queued_tokens


def _since(past: deque[tuple[float, int]], from_s: float) -> deque[tuple[float, int]]:
    """Without what is older than `from_s`."""
    while past and past[0][0] <= from_s:
        past.popleft()
    return past
