"""The cheapest way to have enough instances, found with the whole market and all arrivals known."""

from collections import Counter
from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from cloudsim.cluster.placement import give_back, spot
from cloudsim.contracts import ClusterView, Foresight, Launch, Terminate
from cloudsim.errors import SimulationError

FREE_OF_CHARGE_USD = 1e-9
"""A price of nothing would let an optimum hold instances of no use."""


class MilpBound:
    """A bound on what placement can save: a mixed-integer linear programme over the run, solved by HiGHS (scipy) before it begins.

    The run is cut into steps. For each zone the instances held in a step are at most the least capacity in it, and at most as many are
    ready as were held in every step of the cold start before it; the same holds for on-demand instances, without a capacity. Ready
    instances meet the demand of every step; the price of all that is held is least. It is the programme "optimal" of SkyServe's artifact
    (arXiv 2411.01438) with prices that differ by zone and step. The demand is the sum of the targets, or with `instance_rps` what the
    busiest control interval of the step needs. In the first cold start of a run that begins cold nothing can be ready, and nothing is
    asked.

    The plan is then carried out step by step, pools filled in their order. It bounds the cost of holding that many instances; what the run
    costs can differ by the parts of steps, and by instances that finish their requests.

    Args:
        step_s: seconds of a step, above 0.
        instance_rps: requests a second that one instance serves; None takes the targets for the demand.

    Raises:
        SimulationError: HiGHS finds no optimum.
    """

    source = "the optimum of SkyServe, arXiv 2411.01438"
    observes = (
        "cluster.nodes", "cluster.now_s", "cluster.targets", "cluster.zones", "node.hinted", "node.index", "node.market",
        "node.outstanding", "node.pool", "node.price_usd_per_h", "node.ready", "node.zone",
    )  # fmt: skip
    oracle = ("market", "arrivals")

    def __init__(self, step_s: float, instance_rps: float | None = None) -> None:
        for name, value in (("step_s", step_s), ("instance_rps", instance_rps)):
            if value is not None and not value > 0:
                raise ValueError(f"{name} is {value}; it must be above 0")
        self._step_s, self._instance_rps = step_s, instance_rps
        self._foresight: Foresight | None = None
        self._held: dict[str, NDArray[np.int64]] = {}  # by zone, "" on demand: instances to hold in each step

    def foresee(self, foresight: Foresight) -> None:
        """Told the market and the arrivals before the run."""
        self._foresight = foresight

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """What the programme says for this step."""
        if not self._held:
            self._held = self._solve(sum(cluster.targets.values()))
        step = min(int(cluster.now_s / self._step_s), len(self._held[""]) - 1)
        launches: list[Launch] = []
        given: list[Terminate] = []
        lacking: list[str] = []
        for zone, held in self._held.items():
            nodes = [node for node in spot(cluster) if node.zone == zone] if zone else [n for n in cluster.nodes if n.market == "on_demand"]
            given += give_back(nodes, int(held[step]))
            lacking += [zone] * (int(held[step]) - len(nodes))
        gone = {one.node for one in given}
        have = Counter(node.pool for node in cluster.nodes if node.index not in gone)
        for zone in lacking:
            pool = max(cluster.targets, key=lambda pool: cluster.targets[pool] - have[pool])
            have[pool] += 1
            launches.append(Launch(pool, "spot", [zone]) if zone else Launch(pool, "on_demand", [cluster.zones[0]]))
        return [*given, *launches]

    def _solve(self, wanted: int) -> dict[str, NDArray[np.int64]]:
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import bmat, identity, vstack

        seen = self._foresight
        assert seen is not None, "an oracle is told before it is asked"
        steps = ceil(seen.horizon_s / self._step_s)
        demand, cold = self._demand(wanted, steps), ceil(seen.cold_start_s / self._step_s)
        if not seen.warm:
            demand[:cold] = 0
        markets = [(zone, *self._offer(zone, steps)) for zone in seen.market]
        most = int(demand.max())
        markets.append(("", np.full(steps, most), np.full(steps, seen.on_demand_usd_per_h)))
        count = len(markets)
        # Variables: held in each step, market by market; then ready in each step in the same order.
        one = identity(steps * count, format="csr")
        earlier = []
        for back in range(cold + 1):
            # A warm run's instances of the first step are ready in it.
            rows = [at * steps + max(step - back, 0) for at in range(count) for step in range(steps)]
            earlier.append(bmat([[-one[rows], one]]))
        everywhere = bmat([[identity(steps)] * count])
        ready = bmat([[everywhere * 0, everywhere]])
        price = np.concatenate([usd for _, _, usd in markets]) * self._step_s / 3600 + FREE_OF_CHARGE_USD
        least_held = np.concatenate([np.minimum(capacity, most) for _, capacity, _ in markets])
        found = milp(
            np.concatenate([price, np.zeros(steps * count)]),
            integrality=np.ones(2 * steps * count),
            bounds=Bounds(0, np.concatenate([least_held, least_held])),
            constraints=[LinearConstraint(vstack(earlier), ub=0), LinearConstraint(ready, lb=demand)],
        )
        if found.x is None:
            raise SimulationError(f"MilpBound: HiGHS found no placement: {found.message}")
        held = np.rint(found.x[: steps * count]).astype(np.int64).reshape(count, steps)
        return {name: row for (name, _, _), row in zip(markets, held, strict=True)}

    def _demand(self, wanted: int, steps: int) -> NDArray[np.int64]:
        seen = self._foresight
        assert seen is not None
        if self._instance_rps is None:
            return np.full(steps, wanted)
        edges = np.append(np.arange(0.0, seen.horizon_s, seen.interval_s), seen.horizon_s)
        rate = np.diff(np.searchsorted(seen.arrivals_s, edges)) / np.diff(edges)
        needed = np.ceil(rate / self._instance_rps - 1e-9).astype(np.int64)
        demand = np.zeros(steps, np.int64)
        np.maximum.at(demand, np.minimum((edges[:-1] / self._step_s).astype(np.int64), steps - 1), needed)
        return demand

    def _offer(self, zone: str, steps: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Least capacity of a zone and its mean price, US dollars an hour, in each step; up to the decision after it."""
        seen = self._foresight
        assert seen is not None
        series = seen.market[zone]
        least, mean = np.zeros(steps, np.int64), np.zeros(steps)
        for step in range(steps):
            begin_s, end_s = step * self._step_s, (step + 1) * self._step_s
            first = int(np.searchsorted(series.time_s, begin_s, side="right")) - 1
            last = int(np.searchsorted(series.time_s, end_s + seen.interval_s, side="right"))
            least[step] = series.capacity[first:last].min()
            times = np.clip(np.append(series.time_s[first:last], np.inf), begin_s, end_s)
            mean[step] = (np.diff(times) * series.price_usd_per_h[first:last]).sum() / self._step_s
        return least, mean
