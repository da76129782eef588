"""All that is known of a trace file after one pass over it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from traces.catalogue import data_set_of
from traces.inspection.market import MarketFigures
from traces.inspection.others import ColumnFigures
from traces.inspection.requests import RequestFigures
from traces.reading.trace import Reading
from traces.schemas import REQUESTS, SPOT
from traces.stored import stored_about

Figures = RequestFigures | MarketFigures | ColumnFigures


@dataclass(frozen=True)
class Inspection:
    """A trace that was read to its end.

    Args:
        reading: of it.
        figures: gathered on the way.
    """

    reading: Reading
    figures: Figures

    def document(self) -> dict[str, Any]:
        """Everything, for JSON: what it is, its figures, and what is wrong or to be known."""
        return dict(self._document)

    @cached_property
    def _document(self) -> dict[str, Any]:
        reading, figures = self.reading, self.figures
        known = data_set_of(reading.file.path)
        stored = stored_about(reading.file.path) if reading.reader.name == "table" else None
        origin = (stored.source, stored.licence) if stored else (known.title, known.licence) if known else (None, None)
        found: dict[str, Any] = {
            "kind": reading.kind.name,
            "format": reading.reader.name,
            "file": str(reading.file.path),
            "data_set": origin[0],
            "licence": origin[1],
            "conversion": stored.conversion if stored else [],
            "rows": figures.rows,
            "skipped_rows": reading.counts.skipped,
            "clipped_rows": reading.counts.clipped,
            "start": reading.notes.start,
            "facts": reading.notes.facts,
        }
        if isinstance(figures, MarketFigures):
            found |= figures.document(reading.notes.facts)
        else:
            found |= figures.document()
        return found | {"problems": [*reading.problems, *figures.remarks()]}


def inspect(reading: Reading) -> Inspection:
    """Read a trace to its end.

    Raises:
        TraceError: of the reading.
    """
    figures: Figures
    if reading.kind is REQUESTS:
        figures = RequestFigures()
    elif reading.kind is SPOT:
        figures = MarketFigures()
    else:
        figures = ColumnFigures(reading.kind)
    for batch in reading.batches():
        figures.add(batch)
    return Inspection(reading, figures)
