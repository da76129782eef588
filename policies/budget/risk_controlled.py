"""The lowest budget that is known to be safe."""

from collections.abc import Sequence
from itertools import pairwise

from cloudsim.contracts import FleetView, ReplicaView, RequestView, Served
from cloudsim.estimators.level_trials import LevelTrials
from cloudsim.estimators.risk_control import leanest_safe


class RiskControlled:
    """Learn then Test (Angelopoulos et al., arXiv 2110.01052): the leanest level that costs at most `alpha` of the answers, by test.

    The loss of a request is 1 where its level is wrong and the full model would be right. That is not seen online, where each request runs
    at one level; it is taken to be the excess of a level's share of wrong answers over the full model's, which it is where a richer
    level is right wherever a leaner one is. `leanest_safe` tests it with Hoeffding-Bentkus p-values in a fixed sequence: the chance that
    the level taken costs more than `alpha` is at most `delta`.

    The outcomes come from `table`, or are collected first: the levels in turn until each has `outcomes` completed answers whose verdict is
    known, the full model while the last of them are on their way. Then it is tested once, for each elastic profile, and kept. Simplified:
    nothing is tested again when the workload changes; load plays no part. A verdict that errs in a share ε of the cases shows only 1 − 2ε
    of a difference, so the tests bound (1 − 2ε)·alpha.

    Args:
        alpha: share of the answers that may be lost, in (0, 1). delta: chance that more are, in (0, 1).
        outcomes: of each level, at least 1.
        feedback_error: ε in [0, 0.5), of verdicts collected; those of the table are taken to be true.
        table: (budget, right, wrong) with the full model first, then falling budgets; None collects.
    """

    source = "Learn then Test, arXiv 2110.01052"
    observes = ("replica.profile", "request.index", "served.budget", "served.completed", "served.request", "served.right_seen")

    def __init__(
        self, alpha: float, delta: float, outcomes: int, feedback_error: float, table: Sequence[tuple[float, int, int]] | None = None
    ) -> None:
        for name, value in (("alpha", alpha), ("delta", delta)):
            if not 0 < value < 1:
                raise ValueError(f"{name} is {value}; it must lie between 0 and 1")
        if outcomes < 1 or not 0 <= feedback_error < 0.5:
            raise ValueError(f"outcomes is {outcomes} and feedback_error {feedback_error}; they must be at least 1 and in [0, 0.5)")
        self._alpha, self._delta, self._outcomes, self._shown = alpha, delta, outcomes, 1 - 2 * feedback_error
        self._safe: dict[str, float] = {}
        self._trials: dict[str, LevelTrials] = {}
        self._open: dict[int, tuple[str, int, float]] = {}
        self._known = None if table is None else self._from(table)

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The safe one; that of a level in trial while there is none."""
        if self._known is not None:
            return self._known
        profile = replica.profile
        name = profile.name
        safe = self._safe.get(name)
        if safe is not None:
            return safe
        trials = self._trials.get(name)
        if trials is None:
            trials = self._trials[name] = LevelTrials(len(profile.levels), self._outcomes)
        if trials.complete:
            at = leanest_safe([(right, wrong) for right, wrong in trials.counts], self._shown * self._alpha, self._delta)
            self._safe[name] = profile.levels[at].budget
            return self._safe[name]
        before = self._open.pop(request.index, None)  # it lost its replica
        if before is not None:
            self._trials[before[0]].note(before[1], None)
        tried = trials.next()
        if tried is None:
            return 1.0
        budget = profile.levels[tried].budget
        self._open[request.index] = name, tried, budget
        return budget

    def learn(self, served: Served) -> None:
        """The verdict on a request in trial; one that did not run to its end at the level on trial tells nothing."""
        tried = self._open.pop(served.request.index, None)
        if tried is not None:
            name, level, budget = tried
            told = served.completed and served.budget == budget
            self._trials[name].note(level, served.right_seen if told else None)

    def _from(self, table: Sequence[tuple[float, int, int]]) -> float:
        """The safe budget of a table of outcomes."""
        budgets = [float(row[0]) for row in table]
        falling = all(high > low for high, low in pairwise(budgets))
        if not budgets or budgets[0] != 1 or not falling or budgets[-1] <= 0 or any(min(row[1:]) < 0 for row in table):
            raise ValueError(f"table has the budgets {budgets}; they must begin with 1, fall and stay above 0, with counts of at least 0")
        return budgets[leanest_safe([(right, wrong) for _, right, wrong in table], self._alpha, self._delta)]
