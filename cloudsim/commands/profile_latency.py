"""`python -m cloudsim profile latency`: step times of a model on a GPU, from operator tables or from your own measurements."""

import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from cloudsim.latency.measured_table import tabulate
from cloudsim.latency.measurements import read_decode, read_prompts
from cloudsim.latency.options import LatencyOptions
from cloudsim.latency.step_times import StepTimes, step_times_path


def main(words: Sequence[str]) -> int:
    """Measure, write the file and its page, print the errors; returns the exit code."""
    as_json = "--json" in words
    options = LatencyOptions.parse([word for word in words if word != "--json"])
    with redirect_stdout(sys.stderr):
        times = measure(options)
        path = write(times, options.output)
    found = {"file": str(path), **_errors(times)}
    print(json.dumps(found) if as_json else _told(times, path))
    return 0


def measure(options: LatencyOptions) -> StepTimes:
    """The step times that the options ask for.

    Raises:
        ConfigError: a file is wrong, or there are no tables.
    """
    served = (options.model, options.gpu, options.precision, options.tensor_parallel)
    day = datetime.now(UTC).date().isoformat()
    if options.decode is not None and options.prompts is not None:
        return tabulate(*served, read_decode(options.decode), read_prompts(options.prompts), options.source or "", day)
    from rich.progress import Progress

    from cloudsim.latency.operator_tables import operator_points

    with Progress(transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(f"operator tables of {options.gpu.name}", total=1.0)
        decode, prompts, source = operator_points(*served, lambda share: bar.update(task, completed=share))
    return tabulate(*served, decode, prompts, source, day)


def write(times: StepTimes, folder: Path) -> Path:
    """Write the file and a page that shows it; each appears under its name when it is whole."""
    from cloudsim.atomic_file import replace_text
    from cloudsim.report.step_times import step_times_page

    folder.mkdir(parents=True, exist_ok=True)
    path = step_times_path(folder, times.model, times.gpu, times.precision, times.tensor_parallel)
    replace_text(path, yaml.safe_dump(times.model_dump(), sort_keys=False, width=140, allow_unicode=True))
    replace_text(path.with_suffix(".html"), step_times_page(times))
    return path


def _errors(times: StepTimes) -> dict[str, Any]:
    return {"decode_error_pct": times.decode_error_pct, "prefill_error_pct": times.prefill_error_pct, "source": times.source}


def _told(times: StepTimes, path: Path) -> str:
    points = f"{len(times.sequences)} × {len(times.tokens)} decode steps"
    return (
        f"{times.title}: {points}, read off with an error of {times.decode_error_pct:.1f} % at most; "
        f"prompts fitted with one of {times.prefill_error_pct:.1f} %\n"
        f"{path}\n{path.with_suffix('.html')}\n"
        f"to run with it: model.step_times={path.parent}"
    )
