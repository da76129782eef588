"""One run: checked, started by Hydra, and its verdict printed."""

import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from cloudsim import simulation
from cloudsim.commands.job import launch
from cloudsim.commands.verdict import show
from cloudsim.composition.plan import compose
from cloudsim.errors import ConfigError
from cloudsim.recording import folder_problems
from cloudsim.results import REPORT, load


def run(options: Sequence[str], overrides: Sequence[str], config_dir: Path | None) -> int:
    """Run one experiment and return the exit code.

    Args:
        options: Hydra's options on the command line.
        overrides: the overrides on it.
        config_dir: the user's own folder of configuration groups.

    Raises:
        ConfigError: the input cannot be used; nothing was written.
        SimulationError: the run failed.
    """
    with redirect_stdout(sys.stderr):
        plan = compose(overrides, config_dir, simulation.problems)
        if problems := folder_problems(plan.run_folder):
            raise ConfigError(*problems)
        launch([*options, *overrides], plan.config.output_dir)
    finished = load(plan.run_folder)
    for one in finished.manifest["breaches"]:
        told = f"warning: policies broke their contract {one['count']} times and defaults were taken; first: {one['first']}"
        print(told, file=sys.stderr)
    if plan.config.json_output:
        print(json.dumps({"run": str(plan.run_folder), **finished.summary}))
    else:
        show(finished.summary, plan.run_folder / REPORT)
    return 0
