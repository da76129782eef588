"""`python -m cloudsim bench`: how fast the simulator is on this machine."""

import json
import sys
from argparse import ArgumentParser
from contextlib import redirect_stdout


def main(arguments: list[str]) -> int:
    """Run the fixed synthetic load and print its figures as JSON."""
    parser = ArgumentParser(prog="python -m cloudsim bench", description="Run a fixed synthetic load and print the figures as JSON.")
    parser.add_argument("--json", action="store_true", help="print the JSON on one line and no progress")
    options = parser.parse_args(arguments)

    from cloudsim import bench

    with redirect_stdout(sys.stderr):
        figures = bench.main()
    print(json.dumps(figures, indent=None if options.json else 2))
    return 0
