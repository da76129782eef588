"""What an agent may decide: the spaces of actions and observations of each mode, and the policy through which it acts."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from cloudsim.contracts import ClusterView, FleetView, LoadView, ReplicaView, RequestView, Served
from cloudsim.env.inversion import Ask
from cloudsim.learning.budget_decider import BudgetDecider, BudgetTask, Values
from cloudsim.learning.features import FLEET, LOAD, POOL, REPLICA, REQUEST, RequestFeatures, load_features, pool_features

Observation = dict[str, NDArray[np.float32]]


class Mode(Protocol):
    """One kind of decision.

    Attributes:
        kind: of the policy that the agent is.
    """

    kind: str

    @property
    def actions(self) -> spaces.Space[Any]:
        """The space of actions."""

    @property
    def observations(self) -> spaces.Dict:
        """The space of observations."""

    def agent(self, ask: Ask) -> object:
        """A policy for one run, which puts observations to `ask` and takes the actions that come back.

        Its `invalid`, where it has one, says whether the last action could not be taken as it was.
        """


def _boxes(**shapes: tuple[int, ...]) -> spaces.Dict:
    return spaces.Dict({name: spaces.Box(0.0, 1.0, shape, np.float32) for name, shape in shapes.items()})


def nothing(space: spaces.Dict) -> Observation:
    """What is seen where nothing is asked any more."""
    return {name: np.zeros(box.shape or (), np.float32) for name, box in space.spaces.items()}


class BudgetMode:
    """The agent chooses a budget of `task` for a request on its replica."""

    kind = "budget"

    def __init__(self, task: BudgetTask) -> None:
        self.task = task
        self.actions: spaces.Space[Any] = spaces.Discrete(len(task.budgets))
        self.observations = _boxes(**{group: (len(names),) for group, names in task.features.items()})

    def agent(self, ask: Ask) -> BudgetDecider:
        """See `Mode`."""

        def choose(values: Values) -> int:
            return int(ask({group: np.array(row, np.float32) for group, row in values.items()}))

        return BudgetDecider(self.task, choose)


class RoutingMode:
    """The agent chooses one of the first `most` replicas that are ready, by its place in their table.

    Where there is none at that place, the least outstanding replica of all gets the request, and `invalid` says so.
    """

    kind = "routing"

    def __init__(self, tiers: int, most: int) -> None:
        self._tiers, self._most = tiers, most
        self.actions: spaces.Space[Any] = spaces.Discrete(most)
        self.observations = _boxes(
            action_mask=(most,), fleet=(len(FLEET) + tiers,), replicas=(most, len(REPLICA)), request=(len(REQUEST) + tiers,)
        )

    def agent(self, ask: Ask) -> "_Router":
        """See `Mode`."""
        return _Router(ask, self._tiers, self._most)


class _Router:
    def __init__(self, ask: Ask, tiers: int, most: int) -> None:
        self._ask, self._most = ask, most
        self._features = RequestFeatures(tiers)
        self.invalid = False

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView:
        """The agent's choice."""
        features, ready = self._features, fleet.ready
        features.arrived(request, fleet)
        table = np.zeros((self._most, len(REPLICA)), np.float32)
        mask = np.zeros(self._most, np.float32)
        for at, replica in enumerate(ready[: self._most]):
            table[at] = features.replica(request, replica, fleet)
            mask[at] = 1.0
        seen = {
            "action_mask": mask, "fleet": np.array(features.fleet(fleet), np.float32), "replicas": table,
            "request": np.array(features.request(request, fleet), np.float32),
        }  # fmt: skip
        chosen = int(self._ask(seen))
        self.invalid = not 0 <= chosen < len(ready)
        return min(ready, key=lambda replica: replica.outstanding) if self.invalid else ready[chosen]

    def learn(self, served: Served) -> None:
        """A request has ended."""
        self._features.learn(served)


class ScalingMode:
    """The agent gives each pool one instance fewer (0), as many (1) or one more (2) at each control interval.

    Targets stay between 0 and `most`; where an action would leave that, `invalid` says so.
    """

    kind = "scaling"

    def __init__(self, pools: Sequence[str], most: int) -> None:
        self._most = most
        self.actions: spaces.Space[Any] = spaces.MultiDiscrete([3] * len(pools))
        self.observations = _boxes(fleet=(len(LOAD),), pools=(len(pools), len(POOL)))

    def agent(self, ask: Ask) -> "_Scaler":
        """See `Mode`."""
        return _Scaler(ask, self._most)


class _Scaler:
    def __init__(self, ask: Ask, most: int) -> None:
        self._ask, self._most, self.invalid = ask, most, False

    def targets(self, load: LoadView, cluster: ClusterView) -> Mapping[str, int]:
        """The agent's choice."""
        seen = {
            "fleet": np.array(load_features(load, cluster), np.float32),
            "pools": np.array(pool_features(load, cluster), np.float32),
        }
        chosen = np.asarray(self._ask(seen), np.int64)
        wanted = {pool: target + int(more) - 1 for (pool, target), more in zip(cluster.targets.items(), chosen, strict=True)}
        kept = {pool: min(max(target, 0), self._most) for pool, target in wanted.items()}
        self.invalid = kept != wanted
        return kept
