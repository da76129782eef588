"""One experiment: every contender in every replication, in this process or in several, always with the same results.

A task is one contender in one replication. Its random numbers depend on nothing but seed, replication and names, so tasks may
run in any order and anywhere; their outcomes are handed on in one fixed order.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cloudsim.config import RunConfig

if TYPE_CHECKING:
    from cloudsim.simulation import RunTables

Simulate = Callable[[RunConfig, str, int, Callable[[float], None] | None], "RunTables"]


@dataclass(frozen=True, slots=True)
class Task:
    """One contender in one replication; `index` is its place among all tasks."""

    index: int
    contender: str
    replication: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task gave, and how long it took."""

    task: Task
    tables: "RunTables"
    wall_s: float


class Watcher(Protocol):
    """Whoever shows how far an experiment is."""

    def moved(self, task: Task, share: float) -> None:
        """The task has done this share, from 0 to 1, of its simulated time."""

    def finished(self, outcome: Outcome) -> None:
        """The task is done."""


class NoWatcher:
    """A watcher that shows nothing."""

    def moved(self, task: Task, share: float) -> None:
        """Ignore it."""

    def finished(self, outcome: Outcome) -> None:
        """Ignore it."""


def tasks(config: RunConfig) -> list[Task]:
    """All tasks of the experiment, contender by contender."""
    pairs = [(contender, replication) for contender in config.contenders for replication in range(config.seeds)]
    return [Task(index, contender, replication) for index, (contender, replication) in enumerate(pairs)]


def run(config: RunConfig, task: Task, simulate: Simulate, moved: Callable[[Task, float], None]) -> Outcome:
    """Run one task in this process."""
    started_s = time.perf_counter()
    tables = simulate(config, task.contender, task.replication, lambda share: moved(task, share))
    return Outcome(task, tables, time.perf_counter() - started_s)


def outcomes(config: RunConfig, simulate: Simulate, watcher: Watcher | None = None) -> Iterator[Outcome]:
    """Run all tasks and yield their outcomes in the order of `tasks`.

    Args:
        config: a configuration that has no problems.
        simulate: runs one task; an importable function, since other processes look it up by its name.
        watcher: is told about progress, in this process.

    Raises:
        SimulationError: a task failed, or a process that ran it died.
    """
    watcher = watcher or NoWatcher()
    todo = tasks(config)
    workers = min(config.workers or os.cpu_count() or 1, len(todo))
    if workers > 1:
        from cloudsim.workers import in_processes

        yield from in_processes(config, todo, workers, simulate, watcher)
        return
    for task in todo:
        outcome = run(config, task, simulate, watcher.moved)
        watcher.finished(outcome)
        yield outcome
