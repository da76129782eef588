"""`python -m cloudsim traces`: what public traces there are, what a trace file says, and tables made of it."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cloudsim.commands import trace_fit
from cloudsim.commands import trace_making as making

INTERRUPTED = 130
Action = Callable[[Namespace], dict[str, Any]]


def main(arguments: list[str]) -> int:
    """Do what is asked and return the exit code."""
    parsed = _parser().parse_args(arguments)
    actions: dict[str, Action] = {
        "list": _list, "show": _show, "fetch": _fetch, "inspect": _inspect, "convert": _convert,
        "generate": making.generated, "slice": making.sliced, "rescale": making.rescaled, "compose": making.composed,
        "fit": trace_fit.fitted,
    }  # fmt: skip
    try:
        document = actions[parsed.action](parsed)
    except KeyboardInterrupt:
        if parsed.action != "convert":
            raise
        print(f"interrupted; {parsed.out} is not finished, and the same command goes on with it", file=sys.stderr)
        return INTERRUPTED
    if parsed.json:
        print(json.dumps(document))
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m cloudsim traces", description="Traffic and spot traces: known ones, and files of your own.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="the public traces that are known, and which are on this machine")
    shown = actions.add_parser("show", help="one of them: what it is, where it can be had, what is easily misread")
    shown.add_argument("name", metavar="NAME", help="as `traces list` shows it")
    fetched = actions.add_parser("fetch", help="bring one of them onto this machine")
    fetched.add_argument("name", metavar="NAME", help="as `traces list` shows it")
    fetched.add_argument("--to", type=Path, metavar="FOLDER", help="default: the cache, where a run finds it")
    inspected = actions.add_parser("inspect", help="what a file says: rate, burstiness, lengths; availability, runs, prices; problems")
    converted = actions.add_parser("convert", help="a file of any known format made a checked table (Parquet)")
    for one in (inspected, converted):
        one.add_argument("file", metavar="FILE", help="a file, a folder of files that are one trace, or a path below the data folder")
        making.add_reading(one)
    inspected.add_argument("--html", type=Path, metavar="PAGE", help="write the same with figures, as one page that works offline")
    converted.add_argument("out", metavar="OUT", type=Path, help="Parquet file to write; it must not exist")
    making.add_parsers(actions)
    trace_fit.add_parser(actions)
    for one in actions.choices.values():
        one.add_argument("--json", action="store_true", help="print one JSON document on standard output and nothing else there")
    return parser


def _list(parsed: Namespace) -> dict[str, Any]:
    from traces.catalogue import catalogue
    from traces.files import data_folder
    from traces.reading.registry import known_readers

    here = {name: sum((data_folder() / name / file).exists() for file in known.files) for name, known in catalogue().items()}
    document = {
        "data_folder": str(data_folder()),
        "data_sets": [_described(known) | {"files_here": here[name]} for name, known in catalogue().items()],
        "formats": {name: reader.title for name, reader in known_readers().items()},
    }
    if not parsed.json:
        from rich.markup import escape

        from cloudsim.commands.tables import print_table, simple_table, table_console

        console = table_console()
        table = simple_table("public traces", ("name", "kind", "rows", "span", "licence", "here", "title"), 2)
        for name, known in catalogue().items():
            rows = f"{known.rows:,}" if known.rows else "–"
            files = f"{here[name]}/{len(known.files)}" if known.files else "–"
            table.add_row(name, known.kind, rows, known.span, known.licence, files, known.title)
        print_table(console, table, ("title", "licence", "span"), "traces show NAME")
        console.print(f"here: files found below {data_folder()} (CLOUDSIM_DATA names another folder)", highlight=False)
        formats = simple_table("formats", ("format", "what it reads"), 2)
        for name, reader in known_readers().items():
            formats.add_row(name, escape(reader.title))
        console.print(formats)
    return document


def _show(parsed: Namespace) -> dict[str, Any]:
    from traces.catalogue import find_data_set

    known = find_data_set(parsed.name)
    document = _described(known)
    if not parsed.json:
        print(known.title)
        for label, text in (("citation", known.citation), ("licence", known.licence), ("from", known.origin), ("span", known.span)):
            print(f"  {label:<10}{text}")
        print(f"  {'kind':<10}{known.kind}, format {known.format}" + (f", {known.rows:,} rows" if known.rows else ""))
        for file, stated in known.files.items():
            size = f"{stated.bytes:,} bytes" if stated.bytes else "size not known"
            print(f"  {'file':<10}{file} ({size}) {stated.url or 'by hand'}")
        for trap in known.traps:
            print(f"  {'mind':<10}{trap}")
    return document


def _fetch(parsed: Namespace) -> dict[str, Any]:
    from cloudsim.commands.reading_progress import fetch_bars
    from traces.catalogue import find_data_set
    from traces.fetching import fetch
    from traces.files import cache_folder

    known = find_data_set(parsed.name)
    folder = parsed.to or cache_folder() / known.name
    with fetch_bars() as bar:
        ended = fetch(known, folder, bar)
    if not parsed.json:
        for name, end in ended.items():
            print(f"{folder / name}: {end}")
        print(f"{known.title}, {known.licence}; please cite {known.citation}")
    return {"folder": str(folder), "files": ended}


def _described(known: Any) -> dict[str, Any]:
    fields: dict[str, Any] = known.model_dump(mode="json")
    return fields


def _inspect(parsed: Namespace) -> dict[str, Any]:
    from traces.inspection.inspect import inspect

    if parsed.html is not None:
        making.check_folder(parsed.html, "--html ")
    with making.reading_of(parsed, parsed.file) as reading:
        inspection = inspect(reading)
    document = inspection.document()
    if parsed.html is not None:
        from cloudsim.trace_page.page import write_page

        write_page(inspection, parsed.html)
        document["html"] = str(parsed.html)
    if not parsed.json:
        from cloudsim.commands.trace_page import print_page

        print_page(document)
        if parsed.html is not None:
            print(parsed.html)
    return document


def _convert(parsed: Namespace) -> dict[str, Any]:
    from traces.conversion import convert

    making.check_out(parsed.out)
    with making.reading_of(parsed, parsed.file) as reading:
        about = convert(reading, parsed.file, parsed.out)
    document = {"file": str(parsed.out), "rows": reading.counts.rows, "kind": about.kind, "format": about.format}
    document |= {"skipped_rows": reading.counts.skipped, "clipped_rows": reading.counts.clipped, "start": about.start}
    if not parsed.json:
        print(f"{parsed.out}: {reading.counts.rows:,} rows of {about.kind}, from {about.format}")
        for step in about.conversion:
            print(f"  {step}")
        for problem in reading.problems:
            print(problem, file=sys.stderr)
    return document
