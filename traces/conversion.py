"""A trace file made a stored table."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from traces.catalogue import data_set_of
from traces.files import digests
from traces.reading.trace import Reading
from traces.stored import About, stored_about, write_table
from traces.unfinished import Unfinished


def convert(reading: Reading, stated: str, out: Path) -> About:
    """Read a file to its end and write its table; what is known of it goes into the metadata.

    A conversion that was interrupted goes on where it was, when it is begun again with the same file and options.

    Args:
        reading: not begun yet.
        stated: the path as the user wrote it.
        out: Parquet file; appears under its name only when it is whole.

    Raises:
        TraceError: of the reading.
    """
    about = cache(lambda: about_reading(reading, stated))  # it digests the whole file
    work = Unfinished(out, reading)
    write_table(out, work.batches(), about)
    work.remove()
    return about()


def about_reading(reading: Reading, stated: str) -> About:
    """What is known of a file that was read to its end; arguments as of `convert`."""
    path, steps = reading.file.path, [f"read as {reading.reader.name}", *reading_steps(reading)]
    before = stored_about(path) if reading.reader.name == "table" else None
    if before is not None:
        return replace(before, conversion=[*before.conversion, *steps[1:]])
    title, licence = source_of(reading, stated)
    notes = reading.notes
    return About(reading.kind.name, reading.reader.name, title, licence, digests(path), notes.start, notes.facts, steps)


def source_of(reading: Reading, stated: str) -> tuple[str, str | None]:
    """Title of what a file is, and its licence where that is known; arguments as of `convert`."""
    path = reading.file.path
    before = stored_about(path) if reading.reader.name == "table" else None
    if before is not None:
        return before.source, before.licence
    known = data_set_of(path)
    return (f"{known.title}: {path.name}", known.licence) if known else (Path(stated).name, None)


def reading_steps(reading: Reading) -> list[str]:
    """What the reading did to the rows, one line each; complete at its end."""
    counts, options = reading.counts, reading.options
    steps = [f"{name}={value}" for name, value in (("zone", options.zone), ("instance_type", options.instance_type)) if value]
    steps += [f"ones_are={options.ones_are}"] if options.ones_are else []
    steps += [f"left out {counts.skipped} bad rows"] if counts.skipped else []
    return steps + ([f"moved the numbers of {counts.clipped} bad rows"] if counts.clipped else [])
