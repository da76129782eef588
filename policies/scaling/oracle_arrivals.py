"""As many instances as the arrivals to come will need."""

from collections.abc import Mapping

import numpy as np

from cloudsim.bounds import Bounds
from cloudsim.contracts import ClusterView, Foresight, LoadView
from cloudsim.estimators.arrivals import KnownArrivals


class OracleArrivals:
    """Knows the arrivals: instances for the busiest control interval from now until an instance asked for now would be ready.

    What `Forecast` could reach with a forecast that is never wrong.

    Args:
        instance_rps: requests a second that one instance serves, above 0.
        least, most: instances of each pool; see `Bounds`. Pools share the arrivals as they share the configured instances.
    """

    source = "ours, a bound"
    observes = ("cluster.targets", "load.interval_s", "load.now_s")
    oracle = ("arrivals",)

    def __init__(self, instance_rps: float, least: int, most: int | None) -> None:
        if not instance_rps > 0:
            raise ValueError(f"instance_rps is {instance_rps}; it must be above 0")
        self._instance_rps, self._bounds = instance_rps, Bounds(least, most)
        self._arrivals, self._lead_s = KnownArrivals(np.zeros(0)), 0.0
        self._configured: Mapping[str, int] | None = None

    def foresee(self, foresight: Foresight) -> None:
        """Told the arrivals before the run."""
        self._arrivals, self._lead_s = KnownArrivals(foresight.arrivals_s), foresight.cold_start_s + foresight.interval_s

    def targets(self, load: LoadView, cluster: ClusterView) -> Mapping[str, int]:
        """What the busiest interval needs."""
        if self._configured is None:
            self._configured = cluster.targets
        rate_rps = self._arrivals.most_rps(load.now_s, load.now_s + self._lead_s, load.interval_s)
        total = max(1, sum(self._configured.values()))
        return {pool: self._bounds.of(rate_rps * share / total / self._instance_rps) for pool, share in self._configured.items()}
