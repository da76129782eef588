"""What a search is after: metrics to raise or to lower, and a cap on cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloudsim.composition.spelling import did_you_mean
from cloudsim.errors import ConfigError
from cloudsim.league.score import net_value_usd_per_h
from cloudsim.metrics.statistics import interval
from cloudsim.report.measures import directed, measure

NET_VALUE, COST = "net_value_usd_per_h", "cost_usd_per_h"
CAP_TOLERANCE = 1e-9
"""Sums in another order differ by far less, and by no more may a setting exceed the cap."""


@dataclass(frozen=True, slots=True)
class Target:
    """Objectives and cap.

    Args:
        objectives: names of metrics. raised: of each, whether more is better.
        value_usd_per_right: for the net value.
        duration_s: seconds during which requests arrive.
    """

    objectives: tuple[str, ...]
    raised: tuple[bool, ...]
    value_usd_per_right: float
    duration_s: float

    def measured(self, metrics: Mapping[str, float]) -> dict[str, float]:
        """The metrics of a replication that a search looks at: the objectives and the cost an hour."""
        more = {
            NET_VALUE: net_value_usd_per_h(
                metrics["correct_goodput_rps"], metrics["cost_usd"], self.duration_s, self.value_usd_per_right
            ),
            COST: metrics["cost_usd"] * 3600 / self.duration_s,
        }  # fmt: skip
        return {name: more[name] if name in more else metrics[name] for name in dict.fromkeys((*self.objectives, COST))}

    def better(self, one: float, other: float, at: int = 0) -> bool:
        """Whether `one` is better than `other` in objective `at`."""
        return one > other if self.raised[at] else one < other


def read_target(objectives: Sequence[str], tiers: Sequence[str], value_usd_per_right: float, duration_s: float) -> Target:
    """The target with these objectives.

    Args:
        tiers: of the run.

    Raises:
        ConfigError: an objective is unknown, has no better direction, or is named twice.
    """
    useful = [NET_VALUE, COST, *directed(tiers)]
    unknown = [name for name in objectives if name not in useful]
    problems = [f"objectives: found {name!r}; {did_you_mean(name, useful)}accepted: {', '.join(useful)}" for name in unknown]
    if len(set(objectives)) < len(objectives):
        problems.append(f"objectives: one is named twice: {', '.join(objectives)}")
    if problems:
        raise ConfigError(*problems)
    raised = tuple(name == NET_VALUE or (name != COST and measure(name).better == "higher") for name in objectives)
    return Target(tuple(objectives), raised, value_usd_per_right, duration_s)


def mean_of(replications: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean over replications of each metric."""
    return {name: interval([one[name] for one in replications])[0] for name in replications[0]}
