"""`python -m cloudsim profile WHAT`: measures what the simulator needs to know, by what is measured."""

import json
import os
import sys
from argparse import REMAINDER, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from importlib import import_module

SUBJECTS = {
    "l2a": ("cloudsim.commands.profile:measure_l2a", "a dense or elastic network on the procedural problems"),
    "latency": ("cloudsim.commands.profile_latency:main", "step times of a model on a GPU"),
}


def main(arguments: list[str]) -> int:
    """Measure what the first word names and return the exit code."""
    from cloudsim.l2a.profiling.options import KEYS
    from cloudsim.latency.options import KEYS as LATENCY_KEYS

    listed = "\n".join(f"  {name:<12}{text}" for name, (_, text) in SUBJECTS.items())
    keys, latency_keys = ("\n".join(f"  {key:<12}{text}" for key, text in each.items()) for each in (KEYS, LATENCY_KEYS))
    parser = ArgumentParser(
        prog="python -m cloudsim profile", formatter_class=RawDescriptionHelpFormatter,
        description="Measure what the simulator needs to know of a model.",
        epilog=f"subjects:\n{listed}\n\nkeys of l2a:\n{keys}\n\nkeys of latency:\n{latency_keys}\n\nexamples:\n"
        "  python -m cloudsim profile l2a checkpoint=embedded/nested output=tiny-reasoner-l2a.yaml problems=200\n"
        "  python -m cloudsim profile latency model=llama-3-8b gpu=h100 output=steps\n"
        "  python -m cloudsim profile latency model=my/model gpu=l40s output=steps decode=d.csv prompts=p.csv source='vLLM 0.24, 2026-11'",
    )  # fmt: skip
    parser.add_argument("subject", choices=SUBJECTS, metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("arguments", nargs=REMAINDER, metavar="KEY=VALUE", help="see below; --json prints the figures as JSON")
    parsed = parser.parse_args(arguments)
    if {"-h", "--help"} & set(parsed.arguments):
        # They are part of the remainder, which is the subject's.
        parser.print_help()
        return 0
    module, _, function = SUBJECTS[parsed.subject][0].partition(":")
    command: Callable[[Sequence[str]], int] = getattr(import_module(module), function)
    return command(parsed.arguments)


def measure_l2a(words: Sequence[str]) -> int:
    """Measure a network, write its profile and print its levels."""
    from cloudsim.l2a.profiling.options import ProfileOptions

    as_json = "--json" in words
    options = ProfileOptions.parse([word for word in words if word != "--json"])
    # Threads that spin while they wait slow others down, and the clock with them; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from cloudsim.l2a.profiling.measurement import measure
    from cloudsim.l2a.profiling.writing import figures, table, write_profile

    with redirect_stdout(sys.stderr):
        from rich.progress import Progress

        with Progress(transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task(f"answers of {options.checkpoint}", total=1.0)
            profile = measure(options, lambda share: bar.update(task, completed=share))
        write_profile(profile, options.output)
    print(json.dumps({"profile": str(options.output), **figures(profile)}) if as_json else table(profile, options.output))
    return 0
