"""`python -m cloudsim tune`: searches a contender's parameters on calibration traces, and judges the outcome on others."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloudsim.tuning.config import TuneConfig

INTERRUPTED = 130
EVALUATION, JSON, CSV, PAGE = "evaluation", "tune.json", "trials.csv", "tune.html"


def main(arguments: list[str]) -> int:
    """Search, write the folder, evaluate, and print untuned against tuned."""
    options = _parser().parse_intermixed_args(arguments)

    from cloudsim.tuning.config import read_config

    tune, overrides = read_config(options.overrides)
    try:
        with redirect_stdout(sys.stderr):
            document, summary = _tune(tune, overrides, options.config_dir)
    except KeyboardInterrupt:
        print("interrupted; the trials that ended are kept, and the same command goes on", file=sys.stderr)
        return INTERRUPTED
    if options.json or tune.json_output:
        print(json.dumps({"folder": tune.output_dir, **document}))
    else:
        _show(document, summary, Path(tune.output_dir))
    return 0


def _tune(tune: "TuneConfig", overrides: list[str], config_dir: Path | None) -> tuple[dict[str, Any], dict[str, Any]]:
    from cloudsim.errors import ConfigError

    try:
        import optuna  # noqa: F401
    except ImportError:
        raise ConfigError('tune needs optuna, which is not installed; pip install -c constraints.txt -e ".[tune]"') from None
    from cloudsim.atomic_file import replace_text
    from cloudsim.commands.job import execute
    from cloudsim.commands.tuning_progress import TuningProgress
    from cloudsim.recording import folder_problems
    from cloudsim.results import load
    from cloudsim.standing_run import standing_run
    from cloudsim.tuning.document import trials_csv, tune_json
    from cloudsim.tuning.entry import write_entry
    from cloudsim.tuning.page import render
    from cloudsim.tuning.search import search
    from cloudsim.tuning.target import read_target
    from cloudsim.tuning.task import plan_task

    folder = Path(tune.output_dir)
    task = plan_task(tune, overrides, config_dir)
    target = read_target(tune.objectives, list(task.calibration.tiers), tune.value_usd_per_right, task.calibration.duration_s)
    judged = folder / EVALUATION
    if problems := folder_problems(judged):
        raise ConfigError(*problems)
    with TuningProgress(target.objectives[0], tune.trials) as progress:
        found = search(task, target, tune, folder, progress)
    write_entry(task, found, folder)
    replace_text(folder / CSV, trials_csv(found))
    meeting = task.meeting(found.best.setting, judged)
    run = standing_run(judged, meeting)
    if run is None:
        execute(meeting, judged, title=EVALUATION)
        run = load(judged)
    document = tune_json(task, found, run)
    replace_text(folder / JSON, json.dumps(document, indent=1, allow_nan=False) + "\n")
    replace_text(folder / PAGE, render(task, found, run))
    return document, run.summary


def _show(document: dict[str, Any], summary: dict[str, Any], folder: Path) -> None:
    from cloudsim.commands.tables import table_console
    from cloudsim.commands.verdict import show
    from cloudsim.results import REPORT

    console = table_console()
    counts = ", ".join(f"{count} {state}" for state, count in document["trials"].items())
    lines = [f"calibration (seed {document['calibration']['seed']}): {counts}; cap {document['cost_cap_usd_per_h']:,.2f} USD an hour"]
    for goal in document["objectives"]:
        metric = goal["metric"]
        lines.append(f"  {metric}: untuned {document['untuned'][metric]:.5g}, best {document['best'][metric]:.5g}")
    if not document["improved_in_calibration"]:
        lines.append("  no setting within the cap beat the untuned one, which is evaluated against itself")
    lines += [f"  {word}" for word in document["overrides"]]
    lines.append(f"evaluation (seed {document['evaluation']['seed']}):")
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    show(summary, folder / EVALUATION / REPORT, console)
    tuned = document["tuned"]
    console.print(f"contender: --config-dir {folder / 'conf'} +contender@contenders.{tuned}={tuned}", highlight=False, soft_wrap=True)
    console.print(f"page: {folder / PAGE}", highlight=False, soft_wrap=True)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m cloudsim tune",
        usage="python -m cloudsim tune contender=NAME [+experiment=NAME] [KEY=VALUE ...] [--config-dir FOLDER] [--json]",
        formatter_class=RawDescriptionHelpFormatter,
        description="Searches the parameters of a contender on calibration traces, within a cap of cost, and then compares it untuned and "
        "tuned on other traces. The same command goes on with what an interrupted one left.",
        epilog="""examples:
  python -m cloudsim tune contender=l2a duration_s=1800
  python -m cloudsim tune contender=l2a +scenario=storm trials=60 objectives=[net_value_usd_per_h]
  python -m cloudsim tune contender=static_multi_model +experiment=spot_preemption objectives=[sla_attainment,cost_usd] --json

The keys of the search stand in experiments/tune.yaml, what is searched in experiments/tuning; docs/league.md says what is measured.""",
    )
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="keys of the search and of the run")
    parser.add_argument("--config-dir", type=Path, metavar="FOLDER", help="further configuration groups of your own")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output and nothing else there")
    return parser
