"""A trained policy against its untrained start, the best fixed budget and rivals, all on the same traces."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudsim.config import RunConfig
from cloudsim.learning.budget_decider import BudgetDecider, BudgetTask, Choose
from cloudsim.learning.config import ComparisonConfig
from cloudsim.learning.reward import RewardWeights, whole_run
from cloudsim.metrics.statistics import interval
from cloudsim.metrics.summary import metrics
from cloudsim.simulation import Host, simulate

TRAINED = "trained"
SHOWN = ("reward", "sla_attainment", "quality", "correct_goodput_rps", "budget_mean", "cost_usd")

Played = list[dict[str, float]]
"""`SHOWN` of each replication."""


@dataclass(frozen=True, slots=True)
class Arena:
    """Where policies are played.

    Args:
        config: the experiment; its seed says on which traces.
        contender: whose budget policy is replaced.
    """

    config: RunConfig
    contender: str
    task: BudgetTask
    weights: RewardWeights

    def play(self, replications: int, choose: Choose | None = None, contender: str | None = None) -> Played:
        """Play one policy.

        Args:
            choose: it decides on budgets; None leaves the contender its own policy.
            contender: another one than that of the arena.
        """
        played = []
        for replication in range(replications):
            host = None if choose is None else Host({"budget": BudgetDecider(self.task, choose)}, _nothing, _nothing)
            tables = simulate(self.config, contender or self.contender, replication, host=host)
            found = metrics(tables.requests, tables.nodes, self.config.duration_s, list(self.config.tiers))
            found["reward"] = self.weights.reward(whole_run(tables))
            played.append({name: found[name] for name in SHOWN})
        return played


def _nothing(*told: Any) -> None:
    pass


def constant(choice: int) -> Choose:
    """Always the same choice."""
    return lambda values: choice


def compare(settings: ComparisonConfig, arena: Arena, untrained: Choose, trained: Choose, moved: Callable[[str], None]) -> dict[str, Any]:
    """Play all and put what came out in one document: means and paired differences of `trained` to each other one, with 95 % intervals.

    Args:
        arena: with the training's seed, on which the fixed budget is tuned; all are then compared on that of the evaluation.
        moved: is told who was played.
    """
    budgets = arena.task.budgets
    tuning: dict[str, float] = {}
    for at, budget in enumerate(budgets):
        tuning[f"{budget:g}"] = _mean(arena.play(settings.tuning, constant(at)))
        moved(f"fixed {budget:g}")
    best = max(range(len(budgets)), key=lambda at: tuning[f"{budgets[at]:g}"])
    there = Arena(arena.config.model_copy(update={"seed": settings.seed}), arena.contender, arena.task, arena.weights)
    players: dict[str, tuple[Choose | None, str | None]] = {
        TRAINED: (trained, None), "untrained": (untrained, None), f"fixed {budgets[best]:g}": (constant(best), None),
        **{rival: (None, rival) for rival in settings.rivals},
    }  # fmt: skip
    played: dict[str, Played] = {}
    for name, (choose, contender) in players.items():
        played[name] = there.play(settings.replications, choose, contender)
        moved(name)
    return {"seed": settings.seed, "replications": settings.replications, "fixed": tuning, "players": _document(played)}


def _mean(played: Played) -> float:
    return interval([one["reward"] for one in played])[0]


def _document(played: Mapping[str, Played]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, runs in played.items():
        made[name] = {}
        for figure in SHOWN:
            values = [one[figure] for one in runs]
            entry: dict[str, Any] = {"mean": interval(values)[0], "seeds": values}
            if name != TRAINED:
                entry["trained_minus"] = _difference([one[figure] for one in played[TRAINED]], values)
            made[name][figure] = entry
    return made


def _difference(trained: Sequence[float], other: Sequence[float]) -> dict[str, Any]:
    mean, ci95 = interval([one - two for one, two in zip(trained, other, strict=True)])
    return {"mean": mean, "ci95": list(ci95) if ci95 is not None else None}
