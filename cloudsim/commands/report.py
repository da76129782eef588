"""`python -m cloudsim report`: makes the HTML report of finished runs again, from their tables."""

import json
import sys
from argparse import ArgumentParser
from contextlib import redirect_stdout
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Write the report of each run folder and print where it is."""
    parser = ArgumentParser(prog="python -m cloudsim report", description="Make the HTML report of finished runs again.")
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write it, for one run; default RUN/report.html")
    parser.add_argument("--json", action="store_true", help="print one JSON document with the paths")
    options = parser.parse_args(arguments)
    if options.output is not None and len(options.runs) > 1:
        parser.error(f"-o names one file, but there are {len(options.runs)} runs; give one run, or leave -o out")

    from cloudsim.errors import ResultError
    from cloudsim.report.page import write_report
    from cloudsim.results import load

    problems: list[str] = []
    for run in options.runs:
        try:
            load(run)
        except ResultError as error:
            problems += error.problems
    if options.output is not None and not options.output.absolute().parent.is_dir():
        problems.append(f"-o {options.output}: there is no folder {options.output.parent}; make it first")
    if problems:
        raise ResultError(*problems)
    with redirect_stdout(sys.stderr):
        pages = [write_report(run, options.output) for run in options.runs]
    print(json.dumps({"reports": [str(page) for page in pages]}) if options.json else "\n".join(map(str, pages)))
    return 0
