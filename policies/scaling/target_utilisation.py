"""As many instances as keep the GPUs busy for a stated share of the time."""

from collections import deque
from collections.abc import Mapping
from math import inf

from cloudsim.bounds import Bounds
from cloudsim.contracts import ClusterView, LoadView

SCALE_IN_SHARE = 0.9
"""Of the target; EC2's target tracking scales in only below it."""


class TargetUtilisation:
    """Target tracking as EC2 Auto Scaling does it, on the share of GPU time spent in steps.

    Wanted are ready instances × utilisation / target, with the mean utilisation of the last `window_s`. More are asked for from
    `out_cooldown_s` after the last change on; fewer only below nine tenths of the target, from `in_cooldown_s` after it on. An engine is
    busy with one sequence as with a hundred, so this keeps a fleet of LLMs larger than its load needs; policies that count requests do not.

    Args:
        target: share in (0, 1].
        window_s: seconds over which utilisation is averaged, at least 0; 0 takes the last interval.
        out_cooldown_s, in_cooldown_s: seconds, at least 0.
        least, most: instances of each pool; see `Bounds`.
    """

    source = "target tracking, as EC2 Auto Scaling does"
    observes = ("cluster.targets", "load.arrivals_rps", "load.interval_s", "load.now_s", "load.pools", "pool.ready", "pool.utilisation")

    def __init__(
        self, target: float, window_s: float, out_cooldown_s: float, in_cooldown_s: float, least: int, most: int | None
    ) -> None:  # fmt: skip
        if not 0 < target <= 1:
            raise ValueError(f"target is {target}; it must lie in (0, 1]")
        for name, value in (("window_s", window_s), ("out_cooldown_s", out_cooldown_s), ("in_cooldown_s", in_cooldown_s)):
            if not value >= 0:
                raise ValueError(f"{name} is {value}; it must be at least 0")
        self._target, self._window_s, self._out_s, self._in_s = target, window_s, out_cooldown_s, in_cooldown_s
        self._bounds = Bounds(least, most)
        self._seen: dict[str, deque[float]] = {}
        self._changed_s: dict[str, float] = {}

    def targets(self, load: LoadView, cluster: ClusterView) -> Mapping[str, int]:
        """What utilisation asks for, where the last change is long enough ago."""
        return {pool: self._wanted(pool, load, target) for pool, target in cluster.targets.items()}

    def _wanted(self, pool: str, load: LoadView, target: int) -> int:
        if not load.arrivals_rps:
            return target
        seen = self._seen.setdefault(pool, deque(maxlen=max(1, round(self._window_s / load.interval_s))))
        seen.append(load.pools[pool].utilisation)
        utilisation, ready = sum(seen) / len(seen), load.pools[pool].ready
        wanted = self._bounds.of(ready * utilisation / self._target)
        if not ready and load.pending:
            wanted = max(wanted, target, 1)
        since_s = load.now_s - self._changed_s.get(pool, -inf)
        grows = wanted > target and since_s >= self._out_s
        shrinks = wanted < target and since_s >= self._in_s and utilisation < SCALE_IN_SHARE * self._target
        if not grows and not shrinks:
            return target
        self._changed_s[pool] = load.now_s
        return wanted
