"""Instances by the clock."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import inf

from cloudsim.bounds import Bounds
from cloudsim.contracts import ClusterView, LoadView


class Scheduled:
    """A timetable, such as that of a working day, over and over again.

    Args:
        timetable: (second of the period, share of the configured instances) from second 0 on, in order; shares are at least 0.
        period_s: seconds after which it begins anew; above its last second.
        least, most: instances of each pool; see `Bounds`.
    """

    source = "scheduled scaling, as EC2 Auto Scaling does"
    observes = ("cluster.targets", "load.now_s")

    def __init__(self, timetable: Sequence[Sequence[float]], period_s: float, least: int, most: int | None) -> None:
        times = [row[0] for row in timetable]
        if not times or times[0] != 0 or any(late <= early for early, late in zip(times, [*times[1:], period_s], strict=True)):
            raise ValueError(f"timetable begins at {times} in a period of {period_s} s; accepted: rising seconds from 0 to below period_s")
        if any(len(row) != 2 or not 0 <= row[1] < inf for row in timetable):
            raise ValueError(f"timetable is {timetable}; accepted: pairs of a second and a share of at least 0")
        self._times, self._shares, self._period_s = times, [row[1] for row in timetable], period_s
        self._bounds = Bounds(least, most)
        self._configured: Mapping[str, int] | None = None

    def targets(self, load: LoadView, cluster: ClusterView) -> Mapping[str, int]:
        """The row of now."""
        if self._configured is None:
            self._configured = cluster.targets
        share = self._shares[bisect_right(self._times, load.now_s % self._period_s) - 1]
        return {pool: self._bounds.of(share * instances) for pool, instances in self._configured.items()}
