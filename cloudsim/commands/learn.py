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

    config, experiment = compose(options.overrides, options.config_dir)
    folder = Path(config.output_dir)
    try:
        with redirect_stdout(sys.stderr):
            document = run(config, experiment, f"python -m cloudsim learn {shlex.join(arguments)}")
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from the last checkpoint", file=sys.stderr)
        return INTERRUPTED
    if options.json or config.json_output:
        print(json.dumps({"policy": str(folder / POLICY), **document}))
        return 0
    _show(document, folder / POLICY, folder / COMPARISON)
    return 0


def _show(document: Mapping[str, Any], policy: Path, comparison: Path) -> None:
    from cloudsim.commands.tables import simple_table, table_console

    heads = ("policy", "reward", "trained minus it (95 %)", "SLA %", "right %", "right in SLA /s", "mean budget")
    title = f"{document['replications']} replications of seed {document['seed']}; the fixed budget was chosen on those of the training"
    table, console = simple_table(title, heads, 1), table_console()
    for name, figures in document["players"].items():
        means = {figure: entry["mean"] for figure, entry in figures.items()}
        difference = figures["reward"].get("trained_minus")
        low, high = difference["ci95"] if difference else (0.0, 0.0)
        told = f"{difference['mean']:+,.1f} ({low:+,.1f} to {high:+,.1f})" if difference else ""
        table.add_row(
            name, f"{means['reward']:,.1f}", told, f"{means['sla_attainment']:.2%}", f"{means['quality']:.2%}",
            f"{means['correct_goodput_rps']:.3f}", f"{means['budget_mean']:.3f}",
        )  # fmt: skip
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
  python -m cloudsim learn experiment=train_policy algorithm=q_learning steps=60000
  python -m cloudsim run +experiment=train_policy budget@contenders.l2a.budget=learned \\
      contenders.l2a.budget.path=runs/policy_ppo/policy

Every key, with its default and unit, stands in experiments/learning.yaml.""",
    )
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="changes of the keys")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output and nothing else there")
    parser.add_argument("--config-dir", type=Path, metavar="FOLDER", help="further configuration groups of your own")
    return parser
