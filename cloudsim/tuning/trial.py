"""One setting on the calibration traces: its replications one after another, so that a poor one can be ended early."""

from collections.abc import Callable
from dataclasses import dataclass

from cloudsim.config import RunConfig
from cloudsim.metrics.of_run import run_metrics
from cloudsim.simulation import simulate
from cloudsim.tuning.target import Target, mean_of

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a setting gave.

    Args:
        replications: of each that ran, the metrics that the search looks at.
        whole: whether all ran.
    """

    replications: tuple[dict[str, float], ...]
    whole: bool


def measure(config: RunConfig, target: Target, go_on: Callable[[int, dict[str, float]], bool], progress: Progress) -> Measured:
    """Run the only contender of `config`.

    Args:
        go_on: asked after each replication but the last with their number and means so far; False ends the trial.
        progress: told the share of the trial that is done.

    Raises:
        SimulationError: the contender failed.
    """
    [name] = config.contenders
    done: list[dict[str, float]] = []
    for replication in range(config.seeds):
        tables = simulate(config, name, replication, _part(progress, replication, config.seeds))
        done.append(target.measured(run_metrics(config, name, tables)))
        if len(done) < config.seeds and not go_on(len(done), mean_of(done)):
            return Measured(tuple(done), False)
    return Measured(tuple(done), True)


def _part(progress: Progress, replication: int, replications: int) -> Progress:
    return lambda share: progress((replication + share) / replications)
