"""The function that Hydra calls for each run: it simulates, and writes the run folder."""

import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from cloudsim import simulation
from cloudsim.commands.progress import Progress
from cloudsim.composition.check import check_tree
from cloudsim.composition.fairness import contender_problems
from cloudsim.composition.overrides import search_path
from cloudsim.composition.resolution import resolve
from cloudsim.config import RunConfig
from cloudsim.errors import CloudsimError, ConfigError
from cloudsim.experiment import outcomes
from cloudsim.metrics.of_run import run_metrics
from cloudsim.metrics.statistics import summarise
from cloudsim.recording import FAILED, RunRecorder, write_json
from cloudsim.simulation import RunTables
from traces.errors import TraceError


class Passage(BaseException):
    """Carries an error past Hydra, which answers an `Exception` with a traceback of its own and ends the process."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def launch(words: Sequence[str], output_dir: str | None = None) -> None:
    """Hand the command line `words` (Hydra's options and overrides) to Hydra.

    Where they do not name the output folder, `output_dir` (if given) is passed on: the default has the time in its name, and Hydra is
    not to read the clock again.

    Raises:
        Exception: what a single run raised; the jobs of a sweep leave `failed.json` instead.
    """
    if output_dir is not None and not any(word.startswith("output_dir=") for word in words):
        words = [*words, f"output_dir={output_dir}"]
    words = [*search_path(), *words]
    start = hydra.main(version_base="1.3", config_path="pkg://experiments", config_name="config")(job)
    try:
        with _command_line(words):
            start()
    except Passage as passage:
        raise passage.error from None


def job(config: DictConfig) -> None:
    """One run. A job of a sweep that fails says so, leaves `failed.json`, and lets the others run."""
    folder = Path(HydraConfig.get().runtime.output_dir)
    in_sweep = HydraConfig.get().mode == RunMode.MULTIRUN
    try:
        execute(_checked(config, in_sweep), folder)
    except Exception as error:
        if not in_sweep:
            _remove_if_empty(folder)
            raise Passage(error) from None
        known = isinstance(error, CloudsimError | TraceError)
        if not known:
            traceback.print_exc()
        problems = list(error.problems) if isinstance(error, CloudsimError | TraceError) else [f"{type(error).__name__}: {error}"]
        write_json(folder / FAILED, {"problems": problems})
    except BaseException:
        _remove_if_empty(folder)
        raise


def execute(config: RunConfig, folder: Path, simulate: Callable[..., RunTables] = simulation.simulate, title: str = "") -> None:
    """Run the experiment `config` and write the run folder.

    Args:
        simulate: as `cloudsim.simulation.simulate`, which it is unless it has more to say of failures.
        title: of the progress; empty where there is one experiment only.
    """
    from cloudsim.report.page import write_report

    measured: dict[str, list[dict[str, float]]] = {name: [] for name in config.contenders}
    with RunRecorder(folder, config) as recorder:
        with Progress(config, title=title) as progress:
            for outcome in outcomes(config, partial(simulate, scratch=recorder.scratch), progress):
                contender = outcome.task.contender
                measured[contender].append(run_metrics(config, contender, outcome.tables))
                recorder.add(outcome)
        recorder.complete(summarise(measured))
        write_report(recorder.partial, None)
        recorder.commit()


def _checked(composed: DictConfig, in_sweep: bool) -> RunConfig:
    resolved = resolve(composed)
    config, problems = check_tree(resolved.tree)
    lines = [*resolved.problems, *(problem.text for problem in problems), *contender_problems(resolved.tree)]
    if config is not None and not lines and in_sweep:
        # A sweeper other than Hydra's own makes overrides that nobody has looked at before.
        lines = simulation.problems(config)
    if config is None or lines:
        raise ConfigError(*lines)
    return config


@contextmanager
def _command_line(words: Sequence[str]) -> Iterator[None]:
    """Hydra reads its options from `sys.argv`; the subcommand must not be among them."""
    former, sys.argv = sys.argv, ["python -m cloudsim run", *words]
    try:
        yield
    finally:
        sys.argv = former


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
