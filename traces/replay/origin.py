"""Where a replayed file comes from, as the provenance of a run says it."""

from collections.abc import Mapping

from traces.catalogue import data_set_of
from traces.provenance import Provenance, Source
from traces.reading.trace import Reading


def replayed_sources(stated: str, digests: Mapping[str, str], reading: Reading, remark: str = "") -> tuple[Source, ...]:
    """One source for each file that was read.

    Args:
        stated: the path as the user wrote it.
        digests: of the files; see `traces.files.digests`.
        reading: of them, at its end.
        remark: what was done with the rows.
    """
    known = data_set_of(stated)
    origin = f"{known.title}, {known.licence}, {known.origin}" if known else stated
    changed = [
        f"{count} rows {what}" for what, count in (("left out", reading.counts.skipped), ("clipped", reading.counts.clipped)) if count
    ]
    told = "; ".join([origin, *changed, *([remark] if remark else [])])
    return tuple(Source(name, Provenance.MEASURED, told, digest) for name, digest in digests.items())
