"""Where a number comes from: every price, fit, trace and quality carries one of these, and a report shows the weakest."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Provenance(StrEnum):
    """From the strongest to the weakest claim."""

    MEASURED = "measured"
    PUBLISHED = "published"
    PROJECTED = "projected"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Source:
    """One input of a run and where it comes from.

    Args:
        name: what the number or file is, as a report prints it.
        provenance: how strong the claim is.
        origin: the paper, table, file or catalogue it was taken from.
        sha256: digest of the bytes that were read, or None where nothing was read from a file.
    """

    name: str
    provenance: Provenance
    origin: str
    sha256: str | None = None


def weakest(sources: Iterable[Source]) -> Provenance:
    """The weakest provenance among `sources`; `measured` if there are none."""
    order = list(Provenance)
    return max((source.provenance for source in sources), key=order.index, default=Provenance.MEASURED)
