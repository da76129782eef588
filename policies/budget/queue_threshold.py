"""Less compute in steps as the queue grows."""

from collections.abc import Sequence
from itertools import pairwise

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class QueueThreshold:
    """Each threshold that the prompt tokens waiting on a replica pass takes its budget one step down, and back up with hysteresis.

    A step down is taken when the queue is above its threshold, and taken back when it is below `release` times that threshold, so that a
    queue that hovers about a threshold does not swing the budget. Each replica has a step of its own.

    Args:
        steps_tokens: thresholds in waiting prompt tokens, rising, above 0; at least one.
        budgets: in (0, 1], falling: the one below the first threshold, then one for each threshold.
        release: share of a threshold, in (0, 1]; 1 is no hysteresis.
    """

    source = "ours, hysteresis control"
    observes = ("replica.index", "replica.queued_tokens")

    def __init__(self, steps_tokens: Sequence[float], budgets: Sequence[float], release: float) -> None:
        steps, rungs = [float(step) for step in steps_tokens], [float(budget) for budget in budgets]
        if not steps or steps[0] <= 0 or any(low >= high for low, high in pairwise(steps)):
            raise ValueError(f"steps_tokens is {steps}; it needs at least one number, rising, all above 0")
        if len(rungs) != len(steps) + 1 or any(high <= low for high, low in pairwise(rungs)):
            raise ValueError(f"budgets is {rungs}; it needs {len(steps) + 1} falling numbers, one more than steps_tokens")
        if rungs[0] > 1 or rungs[-1] <= 0:
            raise ValueError(f"budgets is {rungs}; all must lie in (0, 1]")
        if not 0 < release <= 1:
            raise ValueError(f"release is {release}; it must lie in (0, 1]")
        self._up, self._down, self._budgets = [*steps, float("inf")], [0.0, *(release * step for step in steps)], rungs
        self._step: dict[int, int] = {}

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """That of the replica's step."""
        queued, index = replica.queued_tokens, replica.index
        step = self._step.get(index, 0)
        if queued > self._up[step] or queued < self._down[step]:
            while queued > self._up[step]:
                step += 1
            while queued < self._down[step]:
                step -= 1
            self._step[index] = step
        return self._budgets[step]
