"""A sweep (`run -m`): the jobs that cannot run are named and left out, the others run, and a last line counts them."""

import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper  # splits a sweep into jobs exactly as Hydra will
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from cloudsim import simulation
from cloudsim.commands.job import launch
from cloudsim.commands.verdict import show_jobs
from cloudsim.composition.plan import Plan, compose
from cloudsim.errors import ConfigError, ResultError
from cloudsim.recording import FAILED, folder_problems
from cloudsim.results import load


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a sweep: its number, its overrides, those that tell it from the others, and why it cannot run (if it cannot)."""

    number: int
    overrides: tuple[str, ...]
    label: str
    plan: Plan | None
    problems: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where Hydra puts it."""
        assert self.plan is not None, "a job that cannot run has no folder"
        return self.plan.sweep_folder / str(self.number)


def run(options: Sequence[str], overrides: Sequence[str], config_dir: Path | None) -> int:
    """Run the sweep and return the exit code: 1 if a job failed or was left out.

    Args:
        options: Hydra's options on the command line.
        overrides: the overrides on it.
        config_dir: the user's own folder of configuration groups.

    Raises:
        ConfigError: no job of the sweep can run.
    """
    with redirect_stdout(sys.stderr):
        jobs = _jobs(overrides, config_dir)
        good = [job for job in jobs if job.plan is not None]
        if not good:
            raise ConfigError(*dict.fromkeys(problem for job in jobs for problem in job.problems))
        for job in jobs:
            _tell(job, "cannot run", job.problems)
        assert good[0].plan is not None, "good jobs have a plan"
        output_dir = good[0].plan.config.output_dir
        if len(good) == len(jobs):
            launch([*options, *overrides], output_dir)
        else:
            # Hydra composes a whole sweep or nothing, so the jobs that can run are started one by one, with their numbers.
            for job in good:
                launch([*options, *job.overrides, f"hydra.sweep.subdir={job.number}"], output_dir)
        records = [_record(job) for job in jobs]
        for job, record in zip(jobs, records, strict=True):
            if job.plan is not None and "problems" in record:
                _tell(job, "failed", record["problems"])
    failed = sum("problems" in record for record in records)
    if good[0].plan.config.json_output:
        print(json.dumps({"jobs": records, "failed": failed}))
    else:
        show_jobs([(job.label, record) for job, record in zip(jobs, records, strict=True)])
    if failed:
        print(f"{failed} of {len(jobs)} jobs failed", file=sys.stderr)
    return 1 if failed else 0


def _jobs(overrides: Sequence[str], config_dir: Path | None) -> list[Job]:
    try:
        split = BasicSweeper.split_arguments(OverridesParser.create().parse_overrides(list(overrides)), None)[0]
    except HydraException:
        split = [list(overrides)]  # what cannot be read is explained when it is composed
    common = set.intersection(*(set(words) for words in split))
    jobs = []
    for number, words in enumerate(split):
        plan, problems = None, []
        try:
            plan = compose(words, config_dir, simulation.problems)
            problems = folder_problems(plan.sweep_folder / str(number))
        except ConfigError as error:
            problems = list(error.problems)
        label = " ".join(word for word in words if word not in common)
        jobs.append(Job(number, tuple(words), label, None if problems else plan, tuple(problems)))
    return jobs


def _record(job: Job) -> dict[str, Any]:
    """What became of a job, for people and for JSON."""
    record: dict[str, Any] = {"job": job.number, "overrides": list(job.overrides)}
    if job.plan is None:
        return {**record, "problems": list(job.problems)}
    failure = job.folder / FAILED
    if failure.is_file():
        return {**record, "problems": json.loads(failure.read_text(encoding="utf-8"))["problems"]}
    try:
        return {**record, "run": str(job.folder), **load(job.folder).summary}
    except ResultError as error:
        return {**record, "problems": list(error.problems)}


def _tell(job: Job, what: str, problems: Sequence[str]) -> None:
    if problems:
        name = f"job {job.number}" + (f" ({job.label})" if job.label else "")
        print(f"{name} {what}:", *(f"  {problem}" for problem in problems), sep="\n", file=sys.stderr)
