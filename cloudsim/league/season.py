"""Runs the scenarios of a league that are not there yet; a policy that fails leaves the others to play on."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudsim.config import RunConfig
from cloudsim.errors import CloudsimError, SimulationError
from cloudsim.league.match import Failure, LeftOut, Match
from cloudsim.recording import folder_problems, write_json
from cloudsim.results import RunFolder, load
from cloudsim.simulation import RunTables, simulate
from cloudsim.standing_run import source_digests, standing_run
from traces.errors import TraceError

PLAYED = "played.json"
"""By scenario, digests of the sources of the policies that a run had: a configuration alone does not say that a policy was edited."""

Execute = Callable[[RunConfig, Path, Callable[..., RunTables], str], None]


class ContenderFailed(SimulationError):
    """A contender ended a run. Args: contender: its name. problems: why."""

    def __init__(self, contender: str, *problems: str) -> None:
        super().__init__(contender, *problems)  # all of them, so that it passes from one process to another
        self.contender, self.problems = contender, problems


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario with its finished run, and the policies that failed in it; `again` is False where an earlier run stands."""

    match: Match
    run: RunFolder
    failures: tuple[Failure, ...]
    again: bool


def attempt(
    config: RunConfig, contender: str, replication: int, progress: Callable[[float], None] | None = None, scratch: Path | None = None
) -> RunTables:
    """`cloudsim.simulation.simulate`, but a failure says whose it is.

    Raises:
        ContenderFailed: whatever the contender raised.
        TraceError: the traffic or the market cannot be had.
    """
    try:
        return simulate(config, contender, replication, progress, scratch)
    except TraceError:
        raise
    except CloudsimError as error:
        raise ContenderFailed(contender, *error.problems) from error
    except Exception as error:
        raise ContenderFailed(contender, f"{type(error).__name__}: {error}") from error


def play(matches: Sequence[Match], folder: Path, execute: Execute) -> Iterator[Played | LeftOut]:
    """Run every scenario whose folder is not whole or was made by another configuration or other policies.

    Args:
        folder: of the league.
        execute: runs a configuration into a folder by a function that simulates one task, under a title.
    """
    for match in matches:
        run_folder, digests = folder / match.scenario, source_digests(match.config)
        standing = standing_run(run_folder, match.config) if _noted(folder).get(match.scenario) == digests else None
        if standing is not None:
            yield Played(match, standing, match.failures, again=False)
            continue
        if problems := folder_problems(run_folder):
            yield LeftOut(match.scenario, tuple(problems), False)
            continue
        outcome = _run(match, run_folder, execute)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / PLAYED, _noted(folder) | {match.scenario: digests})
        yield outcome


def _run(match: Match, folder: Path, execute: Execute) -> Played | LeftOut:
    config, failures = match.config, list(match.failures)
    while config.contenders:
        try:
            execute(config, folder, attempt, match.scenario)
        except ContenderFailed as failed:
            failures.append(Failure(failed.contender, match.scenario, failed.problems))
            left = {name: one for name, one in config.contenders.items() if name != failed.contender}
            config = config.model_copy(update={"contenders": left})
            continue
        except (CloudsimError, TraceError) as error:
            return LeftOut(match.scenario, tuple(error.problems), False)
        return Played(match, load(folder), tuple(failures), again=True)
    return LeftOut(match.scenario, tuple(problem for one in failures for problem in one.problems), False)


def _noted(folder: Path) -> dict[str, Any]:
    try:
        noted = json.loads((folder / PLAYED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}
