"""Few different budgets, so that like requests meet in a batch."""

from collections.abc import Sequence
from itertools import pairwise

from cloudsim.contracts import BudgetPolicy, FleetView, ReplicaView, RequestView


class BudgetGrouped:
    """Rounds the budget of another policy down to one of a few groups, and up to what the batch reads anyway where that is near.

    A batch of nested skip sets reads the layers of its deepest member, so a request that runs a little leaner than that member saves little
    and loses quality. Its budget is raised to the deepest one of the batch (`ReplicaView.deepest_budget`) where that is less than `lift`
    above its group. Not where it is further off: each request raised to the deepest level keeps the batch there, and under load it has
    to come down. Batching by budget as the routers do it (`tier_bands`) goes well with it. Our rule.

    Args:
        inner: the policy whose budgets are grouped, as a component of its own.
        groups: budgets in (0, 1], falling; a budget below the last one becomes the last one.
        lift: at least 0; 0 never raises.

    Attributes:
        observes: what the inner policy looks at, and the depth of the batch.
        oracle, learn: the inner policy's, if it has them.
    """

    source = "ours"

    def __init__(self, inner: BudgetPolicy, groups: Sequence[float], lift: float) -> None:
        steps = [float(group) for group in groups]
        if not steps or steps[0] > 1 or steps[-1] <= 0 or any(high <= low for high, low in pairwise(steps)):
            raise ValueError(f"groups is {steps}; it needs at least one number, falling, all in (0, 1]")
        if not lift >= 0:
            raise ValueError(f"lift is {lift}; it must be at least 0")
        if not callable(getattr(inner, "budget", None)):
            raise ValueError(f"inner is {inner!r}; give the _target_ of a budget policy")
        self._inner, self._groups, self._lift = inner.budget, steps, lift
        self.observes = tuple(sorted({*getattr(inner, "observes", ()), "replica.deepest_budget"}))
        for name in ("oracle", "learn"):
            if hasattr(inner, name):
                setattr(self, name, getattr(inner, name))

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The group's, or the batch's."""
        wanted = self._inner(request, replica, fleet) + 1e-9
        group = next((step for step in self._groups if step <= wanted), self._groups[-1])
        deepest = replica.deepest_budget
        return deepest if group < deepest < group + self._lift else group
