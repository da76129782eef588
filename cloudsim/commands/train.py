"""`python -m cloudsim train`: trains an elastic model by a recipe, or goes on with a training that was interrupted."""

import json
import os
import shlex
import signal
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from cloudsim.l2a.training.config import TrainingConfig
    from cloudsim.l2a.training.run_folder import TrainingFolder

FAILED, USER_ERROR, SIGNALLED = 1, 2, 128


def main(arguments: list[str]) -> int:
    """Train, and return the exit code: 0 finished, 1 failed on the way, 2 cannot start, 130 or 143 interrupted and saved."""
    options = _parser().parse_intermixed_args(arguments)
    # Threads that spin while they wait cost up to eight times the time where processes share cores; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    first = os.environ.get("RANK", "0") == "0"

    from cloudsim.errors import CloudsimError

    try:
        with redirect_stdout(sys.stderr):
            end = _train(options.overrides, options.config_dir, _command(arguments), first)
    except CloudsimError:
        if first:
            raise
        return USER_ERROR
    except KeyboardInterrupt:
        if first:
            print("interrupted before the step could be saved; the same command goes on from the last checkpoint", file=sys.stderr)
        return SIGNALLED + signal.SIGINT
    if first:
        as_json = options.json or end.as_json
        if as_json:
            print(json.dumps(end.document))
        if end.code or not as_json:
            print(*end.words, sep="\n", file=sys.stderr if end.code else sys.stdout)
    return end.code


class End(NamedTuple):
    """How a session ended: the exit code, and what is told to people and to programs."""

    code: int
    words: Sequence[str]
    document: dict[str, Any]
    as_json: bool


def _train(overrides: Sequence[str], config_dir: Path | None, command: str, first: bool) -> End:
    from cloudsim.errors import ConfigError, ModelError
    from cloudsim.l2a.training.interruption import Interruption
    from cloudsim.l2a.training.recipe import compose
    from cloudsim.l2a.training.run_folder import TrainingFolder

    recipe = compose(overrides, config_dir)
    config = recipe.config
    folder = TrainingFolder(Path(config.output_dir), recipe.tree)
    if problems := [*_process_problems(config), *folder.problems()]:
        raise ConfigError(*problems)

    from cloudsim.l2a.training.course import Course
    from cloudsim.l2a.training.progress import ProgressBars

    with Interruption() as interruption:
        try:
            with ProgressBars() if first else nullcontext() as bars:
                manifest = Course(config, folder, command, lambda: interruption).run(bars)
        except ModelError as error:
            problems = list(error.problems)
            return End(FAILED, problems, {"run": str(folder.path), "status": "failed", "problems": problems}, config.json_output)
    finished = manifest["status"] == "finished"
    code = 0 if finished else SIGNALLED + (interruption.received or signal.SIGINT)
    facts = {key: manifest[key] for key in ("name", "status", "tokens", "hours", "stages")}
    document = {"run": str(folder.path), "model": str(folder.model) if finished else None, **facts}
    return End(code, _words(folder, manifest), document, config.json_output)


def _words(folder: "TrainingFolder", manifest: Mapping[str, Any]) -> list[str]:
    if manifest["status"] == "finished":
        data = dict.fromkeys(manifest["data"].values())
        return [f"model: {folder.model}", f"curves: {folder.curves}", *(f"trained on: {about}" for about in data)]
    stage, command = manifest["stage"], manifest["sessions"][-1]["command"]
    steps = manifest["stages"].get(stage, {}).get("steps", 0)
    return [f"interrupted after step {steps:,} of {stage}, which is saved; the same command goes on from there:", f"  {command}"]


def _process_problems(config: "TrainingConfig") -> list[str]:
    found = int(os.environ.get("WORLD_SIZE", "1"))
    if found == config.processes:
        return []
    start = (
        f"start it with torchrun --standalone --nproc_per_node {config.processes} -m cloudsim train ..."
        if config.processes > 1
        else "start it with python -m cloudsim train ..."
    )
    return [f"processes: the training is for {config.processes}, but there are {found}; {start}, or write processes={found}"]


def _command(arguments: Sequence[str]) -> str:
    """What to type to do the same again."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    start = f"torchrun --standalone --nproc_per_node {processes} -m" if processes > 1 else "python -m"
    return f"{start} cloudsim train {shlex.join(arguments)}"


def _parser() -> ArgumentParser:
    names = (entry.name for entry in (files("experiments") / "recipe").iterdir())
    recipes = sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))
    parser = ArgumentParser(
        prog="python -m cloudsim train",
        usage="python -m cloudsim train +recipe=NAME [KEY=VALUE ...] [--json]",
        formatter_class=RawDescriptionHelpFormatter,
        description="Trains a model by a recipe. The same command goes on with a training that was killed or interrupted.",
        epilog=f"""recipes:
  {", ".join(recipes)}

examples:
  python -m cloudsim train +recipe=smoke
  python -m cloudsim train +recipe=smoke output_dir=runs/mine seed=1 stages.pretraining.steps=100
  torchrun --standalone --nproc_per_node 2 -m cloudsim train +recipe=tiny_reasoner

Every key, with its default and unit, stands in experiments/training.yaml; the stages of a recipe in experiments/recipe.""",
    )
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="a recipe, and changes of its keys")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output and nothing else there")
    parser.add_argument("--config-dir", type=Path, metavar="FOLDER", help="recipes of your own, in FOLDER/recipe/*.yaml")
    return parser
