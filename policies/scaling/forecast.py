"""As many instances as an uncertain forecast of the arrivals makes cheapest."""

from collections.abc import Mapping
from statistics import NormalDist

from cloudsim.bounds import Bounds
from cloudsim.contracts import ClusterView, LoadView
from cloudsim.estimators.arrivals import ArrivalForecast


class Forecast:
    """Two stages as in HARMONY (arXiv 2408.01000): forecast a distribution of the load, then decide what costs least in expectation.

    The rate of the next intervals is forecast as a normal distribution (`ArrivalForecast`). With a cost of `under` for each request a
    second that finds no capacity and of `over` for each more that would have fitted, the expected cost is least at the quantile
    under / (under + over) (the newsvendor's); instances are that rate over what one serves, rounded up. HARMONY forecasts many
    indicators with hierarchical attention and a normalising flow; the regression, the normal distribution and the linear costs are ours.

    Args:
        ahead_s: how far to look, seconds: the cold start and an interval are reasonable.
        lags: intervals that the regression looks at. window: intervals that it learns from.
        under, over: costs, above 0; only their ratio counts.
        instance_rps: requests a second that one instance serves, above 0; None takes what was seen: completed requests for each second that
            an instance was in steps, which is less than it could do with larger batches.
        least, most: instances of each pool; see `Bounds`. Pools share the arrivals as they share the configured instances.

    Raises:
        ConfigError: scikit-learn is not installed.
    """

    source = "HARMONY, arXiv 2408.01000"
    observes = ("cluster.targets", "load.arrivals_rps", "load.interval_s", "load.pools", "pool.request_s")

    def __init__(
        self, ahead_s: float, lags: int, window: int, under: float, over: float, instance_rps: float | None, least: int, most: int | None
    ) -> None:
        for name, value in (("ahead_s", ahead_s), ("under", under), ("over", over), ("instance_rps", instance_rps)):
            if value is not None and not value > 0:
                raise ValueError(f"{name} is {value}; it must be above 0")
        self._ahead_s, self._lags, self._window, self._instance_rps = ahead_s, lags, window, instance_rps
        self._quantile, self._bounds = NormalDist().inv_cdf(under / (under + over)), Bounds(least, most)
        self._forecast = ArrivalForecast(lags, 1, window)
        self._configured: Mapping[str, int] = {}

    def targets(self, load: LoadView, cluster: ClusterView) -> Mapping[str, int]:
        """The quantile of the forecast, in instances."""
        if not load.arrivals_rps:
            self._configured = cluster.targets
            self._forecast = ArrivalForecast(self._lags, max(1, round(self._ahead_s / load.interval_s)), self._window)
            return cluster.targets
        mean_rps, std_rps = self._forecast.of(load.arrivals_rps)
        rate_rps, total = max(0.0, mean_rps + self._quantile * std_rps), max(1, sum(self._configured.values()))
        wanted = {}
        for pool, target in cluster.targets.items():
            serves_rps = self._instance_rps or 1 / load.pools[pool].request_s
            share = rate_rps * self._configured[pool] / total
            wanted[pool] = self._bounds.of(share / serves_rps) if serves_rps == serves_rps else target
        return wanted
