"""The command line: a table of subcommands, each imported only when it is called, so that help is quick.

Exit codes: 0 it worked; 1 a run failed; 2 the user's input cannot be used; 130 interrupted (Ctrl-C); 143 terminated.
"""

import json
import signal
import sys
from argparse import REMAINDER, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from importlib import import_module
from types import FrameType

from cloudsim import __version__

COMMANDS = {
    "run": ("cloudsim.commands.run:main", "replay an experiment; write its run folder and its report"),
    "train": ("cloudsim.commands.train:main", "train an elastic model by a recipe, or go on with its training"),
    "learn": ("cloudsim.commands.learn:main", "train a policy in the simulation, and compare it with rules"),
    "evaluate": ("cloudsim.commands.evaluate:main", "measure an elastic model against its baselines"),
    "profile": ("cloudsim.commands.profile:main", "measure what the simulator needs to know of a model"),
    "models": ("cloudsim.commands.models:main", "what is known of models and GPUs, and what one does on the other"),
    "league": ("cloudsim.commands.league:main", "rank all policies of a kind over scenarios"),
    "tune": ("cloudsim.commands.tune:main", "search a contender's own parameters on traces of their own"),
    "policies": ("cloudsim.commands.policies:main", "every policy there is, and whether one keeps its contract"),
    "traces": ("cloudsim.commands.traces:main", "known traffic and spot traces, and what a file of your own says"),
    "report": ("cloudsim.commands.report:main", "make the HTML report of finished runs again"),
    "bench": ("cloudsim.commands.bench:main", "measure the speed of the simulator on this machine"),
}
FAILED, USER_ERROR, INTERRUPTED, TERMINATED = 1, 2, 130, 143


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (without the program's name) and return the exit code."""
    parsed = _parser().parse_args(argv)
    module, _, function = COMMANDS[parsed.command][0].partition(":")
    former = signal.signal(signal.SIGTERM, _terminated)
    try:
        command: Callable[[list[str]], int] = getattr(import_module(module), function)
        return command(parsed.arguments)
    except KeyboardInterrupt:
        print("interrupted; nothing was kept of the run", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        return _failure(error, parsed.arguments)
    finally:
        signal.signal(signal.SIGTERM, former)


def _parser() -> ArgumentParser:
    listed = "\n".join(f"  {name:<10}{text}" for name, (_, text) in COMMANDS.items())
    parser = ArgumentParser(
        prog="python -m cloudsim",
        formatter_class=RawDescriptionHelpFormatter,
        description="Which fleet keeps its SLA on volatile GPUs, at what quality, at what cost?",
        epilog=f"commands:\n{listed}\n\nfirst steps:\n  python -m cloudsim run +experiment=spot_preemption\n"
        "  python -m cloudsim COMMAND --help\n\nEvery command takes --json and then prints one JSON document on standard output.",
    )
    parser.add_argument("--version", action="version", version=f"cloudsim {__version__}")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=", ".join(COMMANDS))
    parser.add_argument("arguments", nargs=REMAINDER, metavar="...", help="arguments of the command")
    return parser


def _terminated(signal_number: int, frame: FrameType | None) -> None:
    # An exception, so that half a run folder and the worker processes are cleared away.
    raise SystemExit(TERMINATED)


def _failure(error: Exception, arguments: Sequence[str]) -> int:
    """Tell the user's own mistakes in plain words; let everything else be the traceback of a bug."""
    from cloudsim.errors import CloudsimError, SimulationError
    from traces.errors import TraceError

    if not isinstance(error, CloudsimError | TraceError):
        raise error
    for problem in error.problems:
        print(problem, file=sys.stderr)
    if {"--json", "json=true"}.intersection(arguments):
        print(json.dumps({"problems": list(error.problems)}))
    return FAILED if isinstance(error, SimulationError) else USER_ERROR
