"""Asks a scaling policy how many instances each pool should have, and looks at what it says."""

from collections.abc import Mapping
from numbers import Integral

from cloudsim.cluster.load import LoadMeter
from cloudsim.contracts import ClusterView, ScalingPolicy
from cloudsim.errors import SimulationError


class Scaler:
    """A contender's scaling policy and the load it looks at."""

    def __init__(self, policy: ScalingPolicy, load: LoadMeter, contender: str) -> None:
        self._policy, self._load, self._contender = policy, load, contender

    def targets(self, cluster: ClusterView) -> dict[str, int]:
        """Instances wanted by pool from now on.

        Raises:
            SimulationError: the policy names a pool that is not there, or a number that is none.
        """
        found = self._policy.targets(self._load.read(), cluster)
        if not isinstance(found, Mapping):
            raise SimulationError(f"{self._name} returned {found!r}, not a number for each pool")
        said: Mapping[str, object] = found
        for pool, instances in said.items():
            if pool not in cluster.targets:
                known = ", ".join(cluster.targets)
                raise SimulationError(f"{self._name} wants {instances!r} instances of pool {pool!r}; the contender has {known}")
            if isinstance(instances, bool) or not isinstance(instances, Integral) or instances < 0:
                raise SimulationError(f"{self._name} wants {instances!r} instances of pool {pool}, which is no whole number of at least 0")
        return {pool: int(found.get(pool, target)) for pool, target in cluster.targets.items()}

    @property
    def _name(self) -> str:
        return f"{self._contender}: scaling {type(self._policy).__name__}"
