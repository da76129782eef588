"""`python -m cloudsim evaluate text`: how near an elastic model stays to its dense model on text, and how much faster it writes."""

import json
import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from contextlib import redirect_stdout
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Measure, write the document, and print the tables or the document."""
    options = _parser().parse_intermixed_args(arguments)
    # Threads that spin while they wait cost up to eight times the time where processes share cores; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")

    from cloudsim.composition.options import compose
    from cloudsim.l2a.evaluation.text_config import TextConfig

    config = compose(options.overrides, "text_evaluation", TextConfig)
    with redirect_stdout(sys.stderr):
        from cloudsim.atomic_file import replace_text
        from cloudsim.l2a.evaluation.progress import EvaluationProgress
        from cloudsim.l2a.evaluation.text_result import DOCUMENT, measure_text, point_table

        with EvaluationProgress() as progress:
            result = measure_text(config, progress)
        path = Path(config.output_dir) / DOCUMENT
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, json.dumps(result.document(), indent=1) + "\n")
    if options.json or config.json_output:
        print(json.dumps(result.document()))
        return 0
    from cloudsim.commands.tables import print_table, table_console
    from cloudsim.l2a.evaluation.shown import SPARE, timing_table

    console = table_console()
    for table in (point_table(result.points), *([timing_table(result.times, config.threads)] if result.times else [])):
        print_table(console, table, SPARE, str(path))
    console.print(f"results: {path}", highlight=False, soft_wrap=True, markup=False)
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m cloudsim evaluate text",
        usage="python -m cloudsim evaluate text [KEY=VALUE ...] [--json]",
        formatter_class=RawDescriptionHelpFormatter,
        description="Lets the dense model answer held-out questions, and measures on its texts, for each budget: KL(dense ‖ elastic), the "
        "share of tokens at which both agree, perplexity, and decode time. Texts that an interrupted command left are not written again.",
        epilog="""example:
  python -m cloudsim evaluate text checkpoint=runs/smollm2/model texts=64 budgets=[1,0.8,0.6] timing=null

Every key, with its default and unit, stands in experiments/text_evaluation.yaml.""",
    )
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="changes of the keys")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output and nothing else there")
    return parser
