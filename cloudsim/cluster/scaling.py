"""Asks a scaling policy how many instances each pool should have, and looks at what it says."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

from cloudsim.cluster.load import LoadMeter
from cloudsim.contracts import ClusterView, ScalingPolicy
from cloudsim.decision_log import DecisionLog
from cloudsim.policy_errors import PolicyErrors


class Scaler:
    """A contender's scaling policy and the load it looks at. Where it breaks its contract and the run goes on, targets stay as they are."""

    def __init__(self, policy: ScalingPolicy, load: LoadMeter, errors: PolicyErrors, log: DecisionLog) -> None:
        self._policy, self._load, self._errors = policy, load, errors
        self._ask = log.noting("scaling", policy, policy.targets, lambda load, cluster: None)

    def targets(self, cluster: ClusterView) -> Mapping[str, int]:
        """Instances wanted by pool from now on."""
        load = self._load.read()
        try:
            found: Any = self._ask(load, cluster)
        except Exception as error:
            return self._broken("failed", cluster, error)
        if not isinstance(found, Mapping):
            return self._broken(f"gave {found!r}, not a number for each pool", cluster)
        for pool, instances in found.items():
            if pool not in cluster.targets:
                return self._broken(f"wants {instances!r} instances of pool {pool!r}; pools: {', '.join(cluster.targets)}", cluster)
            if isinstance(instances, bool) or not isinstance(instances, Integral) or int(instances) < 0:
                return self._broken(f"wants {instances!r} instances of pool {pool}, not a whole number of at least 0", cluster)
        return {pool: int(found.get(pool, target)) for pool, target in cluster.targets.items()}

    def _broken(self, rule: str, cluster: ClusterView, error: Exception | None = None) -> Mapping[str, int]:
        self._errors.broken("scaling", self._policy, rule, (), error)
        return cluster.targets
