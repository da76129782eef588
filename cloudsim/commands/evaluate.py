"""`python -m cloudsim evaluate`: measures an elastic model against its baselines."""

import json
import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.config import EvaluationConfig
    from cloudsim.l2a.evaluation.result import Result

TEXT = "text"
"""The first word of an evaluation on the dense model's own text."""

TIMED = 512
"""Problems that decode time is measured on."""

METHODS_TEXT = """l2a_nested, l2a_faithful   the elastic models
  static, oracle_static      skipped layers and heads by position, or by a search; also _healed, with adapters for each budget
  random_drop                one model trained with random masks
  fixed_budget               the nested model with one mask for all problems
  shortgpt, adaskip          layers skipped by similarity, for all problems alike or for each one
  early_exit                 each token leaves where the next one is clear
  flexidepth                 each token skips layers as a router trained for that budget says
  smaller_dense              a model of fewer layers"""


def main(arguments: list[str]) -> int:
    """Evaluate, write the folder of results, and print the tables or the document."""
    if arguments[:1] == [TEXT]:
        from cloudsim.commands.evaluate_text import main as evaluate_text

        return evaluate_text(arguments[1:])
    options = _parser().parse_intermixed_args(arguments)
    # Threads that spin while they wait cost up to eight times the time where processes share cores; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")

    from cloudsim.composition.options import compose
    from cloudsim.l2a.evaluation.config import EvaluationConfig

    config = compose(options.overrides, "evaluation", EvaluationConfig)
    as_json = options.json or config.json_output
    with redirect_stdout(sys.stderr):
        result = evaluate(config)
        result.write(Path(config.output_dir))
    if as_json:
        print(json.dumps(result.document()))
    else:
        _show(result, Path(config.output_dir))
    return 0


def evaluate(config: "EvaluationConfig") -> "Result":
    """Measure what the folder of results lacks, and put everything together.

    Raises:
        ModelError: a model cannot be used.
    """
    from cloudsim.l2a.evaluation.cell import Cabinet
    from cloudsim.l2a.evaluation.course import Course
    from cloudsim.l2a.evaluation.progress import EvaluationProgress
    from cloudsim.l2a.evaluation.result import Result
    from cloudsim.l2a.weights_folder import FAITHFUL, NESTED, WeightsFolder, embedded

    weights = WeightsFolder(Path(config.checkpoint) if config.checkpoint is not None else embedded())
    cabinet = Cabinet(Path(config.output_dir), config, weights)
    with EvaluationProgress() as progress:
        course = Course(cabinet, progress)
        tables = course.run()
        bench = cabinet.bench()
        timings = []
        if config.timing is not None:
            from cloudsim.l2a.evaluation.reader import dense_reader, elastic_readers
            from cloudsim.l2a.evaluation.timing import time_decoding
            from cloudsim.l2a.tasks.suite import suite
            from cloudsim.l2a.threads import torch_threads

            parts = [part for part in (NESTED, FAITHFUL) if part in weights.parts and f"l2a_{part}" in config.methods]
            progress.begin("decode time", len(config.timing.batches))
            readers, pool = [dense_reader(bench), *elastic_readers(bench, parts, config.timing.budgets)], suite("id", TIMED, config.seed)
            with torch_threads(1):
                timings = time_decoding(readers, pool, config.timing, lambda done: progress.finished(done, 0))
    said = config.model_dump(by_alias=True, exclude={"json_output", "output_dir", "processes"})
    return Result(tables, bench.cost, timings, course.left_out, said)


def _show(result: "Result", folder: Path) -> None:
    from cloudsim.commands.tables import print_table, table_console
    from cloudsim.l2a.evaluation.result import TABLES
    from cloudsim.l2a.evaluation.shown import SPARE, result_tables

    console = table_console()
    for table in result_tables(result):
        print_table(console, table, SPARE, str(folder / TABLES))
    for line in result.left_out:
        console.print(f"left out: {line}", highlight=False, soft_wrap=True, markup=False)
    console.print(f"results: {folder}", highlight=False, soft_wrap=True, markup=False)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m cloudsim evaluate",
        usage="python -m cloudsim evaluate [KEY=VALUE ...] [--json]",
        formatter_class=RawDescriptionHelpFormatter,
        description="Measures an elastic model against its baselines on the same problems. The same command goes on with what an "
        "interrupted one left.",
        epilog=f"""methods:
  {METHODS_TEXT}

examples:
  python -m cloudsim evaluate
  python -m cloudsim evaluate problems=200 methods=[l2a_nested,static] budgets=[0.8,0.6] timing=null
  python -m cloudsim evaluate checkpoint=runs/mine/model splits=[id,ood,depth] --json
  python -m cloudsim evaluate text --help           of a chat model, on text that it writes itself

Every key, with its default and unit, stands in experiments/evaluation.yaml.""",
    )
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="changes of the keys")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output and nothing else there")
    return parser
