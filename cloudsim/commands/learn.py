"""`python -m cloudsim learn`: trains a policy in the simulation, and compares it with rules."""

import json
import os
import shlex
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Train, compare, and print the table or the document."""
    options = _parser().parse_intermixed_args(arguments)
    # Threads that spin while they wait cost up to eight times the time where processes share cores; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")

    from cloudsim.learning.course import COMPARISON, POLICY, compose, run

    course = compose(options.overrides, options.config_dir)
    try:
        with redirect_stdout(sys.stderr):
            document = run(course, f"python -m cloudsim learn {shlex.join(arguments)}")
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from the last checkpoint", file=sys.stderr)
        return INTERRUPTED
    if options.json or course.experiment.json_output:
        print(json.dumps({"policy": str(course.folder / POLICY), **document}))
        return 0
    _show(document, course.folder / POLICY, course.folder / COMPARISON)
    return 0


def _show(document: Mapping[str, Any], policy: Path, comparison: Path) -> None:
    from cloudsim.commands.tables import simple_table, table_console
    from cloudsim.learning.card import HEADS, rows, title

    table, console = simple_table(title(document), HEADS, 1), table_console()
    for row in rows(document):
        table.add_row(*row)
    console.print(table)
    for line in (f"policy: {policy}", f"comparison: {comparison}"):
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m cloudsim learn",
        usage="python -m cloudsim learn [KEY=VALUE ...] [--json]",
        formatter_class=RawDescriptionHelpFormatter,
        description="Trains a budget policy in an experiment (extra `rl`), and compares it with its untrained start, the best fixed budget "
        "and other contenders, on the same traces of another seed. The same command goes on with a training that was interrupted.",
        epilog="""examples:
  python -m cloudsim learn experiment=train_policy
  python -m cloudsim learn experiment=train_policy learning.algorithm=q_learning learning.steps=60000 workload.rate_scale=1.5
  python -m cloudsim run +experiment=train_policy contenders.learned.budget.path=runs/policy_ppo/policy

Every key, with its default and unit, stands in experiments/learning.yaml and experiments/config.yaml.""",
    )
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="changes of the keys")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output and nothing else there")
    parser.add_argument("--config-dir", type=Path, metavar="FOLDER", help="further configuration groups of your own")
    return parser
