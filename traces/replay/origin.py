"""Where a replayed file comes from, as the provenance of a run says it."""

from pathlib import Path

from traces.catalogue import data_set_of
from traces.files import digests
from traces.provenance import Provenance, Source
from traces.reading.trace import Reading


def replayed_sources(stated: str, path: Path, reading: Reading, remark: str = "") -> tuple[Source, ...]:
    """One source for each file that was read.

    Args:
        stated: the path as the user wrote it.
        path: where it lies.
        reading: of it, at its end.
        remark: what was done with the rows.
    """
    known = data_set_of(stated)
    origin = f"{known.title}, {known.licence}, {known.origin}" if known else stated
    changed = [
        f"{count} rows {what}" for what, count in (("left out", reading.counts.skipped), ("clipped", reading.counts.clipped)) if count
    ]
    told = "; ".join([origin, *changed, *([remark] if remark else [])])
    return tuple(Source(name, Provenance.MEASURED, told, digest) for name, digest in digests(path).items())
