"""More instances when requests pile up, fewer when there are few."""

from collections.abc import Mapping
from math import inf

from cloudsim.bounds import Bounds
from cloudsim.contracts import ClusterView, LoadView


class Reactive:
    """Two thresholds on the outstanding requests of an instance, a step up or down, and a pause after each.

    Requests that wait for any instance count for every pool, since any may take them.

    Args:
        up: requests an instance above which `step` instances more are wanted. down: those below which as many fewer are; 0 <= down < up.
        step: instances, at least 1.
        cooldown_s: seconds after a change of a pool's target in which it is left alone, at least 0.
        least, most: instances of each pool; see `Bounds`.
    """

    source = "step scaling, as EC2 Auto Scaling does"
    observes = ("cluster.targets", "load.arrivals_rps", "load.now_s", "load.pending", "load.pools", "pool.outstanding", "pool.ready")

    def __init__(self, up: float, down: float, step: int, cooldown_s: float, least: int, most: int | None) -> None:
        if not 0 <= down < up:
            raise ValueError(f"down is {down} and up is {up}; accepted: 0 <= down < up")
        if step < 1 or not cooldown_s >= 0:
            raise ValueError(f"step is {step} and cooldown_s is {cooldown_s}; accepted: step at least 1, cooldown_s at least 0")
        self._up, self._down, self._step, self._cooldown_s, self._bounds = up, down, step, cooldown_s, Bounds(least, most)
        self._changed_s: dict[str, float] = {}

    def targets(self, load: LoadView, cluster: ClusterView) -> Mapping[str, int]:
        """A step up, a step down, or what was."""
        return {pool: self._target(pool, load, target) for pool, target in cluster.targets.items()}

    def _target(self, pool: str, load: LoadView, target: int) -> int:
        if not load.arrivals_rps or load.now_s - self._changed_s.get(pool, -inf) < self._cooldown_s:
            return target
        seen = load.pools[pool]
        each = (seen.outstanding + load.pending) / max(1, seen.ready)
        wanted = self._bounds.of(target + self._step * ((each > self._up) - (each < self._down)))
        if wanted != target:
            self._changed_s[pool] = load.now_s
        return wanted
