"""A trace file fitted: the specification of a generator, and a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from traces.blocks import joined
from traces.conversion import source_of
from traces.errors import TraceError
from traces.fitting.likeness import Likeness, Measures, likeness
from traces.fitting.market import fit_market
from traces.fitting.market import parameters as market_parameters
from traces.fitting.traffic import FittedTraffic, fit_traffic
from traces.fitting.traffic import parameters as traffic_parameters
from traces.fitting.zone_record import records_of, zone_records
from traces.generation import market_table, request_table
from traces.inspection.market import MarketFigures
from traces.inspection.requests import RequestFigures
from traces.reading.trace import Reading
from traces.schemas import REQUESTS, SPOT
from traces.span import span_s
from traces.tables import RequestTrace, SpotTrace

MOST_TABLES, LEAST_TABLES, REQUESTS_IN_ALL = 40, 4, 4_000_000
NOT_MADE = ("prefix", "sessions", "models", "tiers", "tasks", "reasoning_tokens")
Moved = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted generator.

    Args:
        spec: `_target_` and arguments, for a YAML file.
        likeness: of what it makes.
        distances: Kolmogorov-Smirnov distances of its parts, by name.
        remarks: what the trace could not tell, and what the generator does not make.
    """

    spec: dict[str, Any]
    likeness: Likeness
    distances: dict[str, float]
    remarks: tuple[str, ...]


def fit(reading: Reading, stated: str, price_usd_per_h: float | None = None, moved: Moved | None = None) -> Fit:
    """Fit a generator to a trace.

    Args:
        reading: not begun yet.
        stated: the path as the user wrote it.
        price_usd_per_h: of an instance, for a market without prices.
        moved: called with the share of the work that is done.

    Raises:
        TraceError: of the reading; or the file has neither requests nor spot capacities, or too few.
    """
    moved = moved or (lambda share: None)
    if reading.kind is REQUESTS:
        return _traffic(reading, stated, moved)
    if reading.kind is SPOT:
        return _market(reading, stated, price_usd_per_h, moved)
    raise TraceError(f"{stated} is a table of {reading.kind.name}; only requests and spot capacities can be fitted")


def _traffic(reading: Reading, stated: str, moved: Moved) -> Fit:
    figures, blocks = RequestFigures(), []
    for batch in reading.batches():
        figures.add(batch)
        arrival_s, inputs, outputs = (np.asarray(batch.column(name)) for name in ("arrival_s", "input_tokens", "output_tokens"))
        blocks.append(RequestTrace(arrival_s, inputs, outputs))
    trace = joined(blocks)
    name, origin = _named(reading, stated, "traffic")
    begin = reading.notes.start
    start = datetime.fromisoformat(begin) if begin else None
    start_hour = round(start.hour + start.minute / 60 + start.second / 3600, 4) if start else 0.0
    start_hour = (start_hour + float(trace.arrival_s[0]) / 3600) % 24
    fitted = fit_traffic(trace, name, origin, start_hour)
    document = figures.document()
    tables = int(np.clip(REQUESTS_IN_ALL // len(trace), LEAST_TABLES, MOST_TABLES))
    duration_s = len(trace) / fitted.traffic.rate_rps

    def made() -> Iterator[RequestTrace]:
        for at in range(tables):
            yield joined(fitted.traffic.requests(duration_s, np.random.default_rng(at)))
            moved((at + 1) / tables)

    measures = Measures(lambda table: traffic_parameters(fit_traffic(table, name, origin, start_hour).traffic), _request_figures)
    kept = {key: value for key, value in document.items() if key not in NOT_MADE}
    found = likeness(traffic_parameters(fitted.traffic), kept, made(), measures)
    return Fit(_spec(fitted.traffic), found, fitted.distances, _traffic_remarks(fitted, document))


def _traffic_remarks(fitted: FittedTraffic, document: dict[str, Any]) -> tuple[str, ...]:
    left = [name for name in NOT_MADE if name in document]
    remarks = [*fitted.remarks, *([f"not made: {', '.join(left)}"] if left else [])]
    together = document.get("input_output_correlation")
    if together is not None and abs(together) > 0.2:
        remarks.append(f"input and output go together (correlation {together:.2f}); they are made independently")
    return tuple(remarks)


def _request_figures(trace: RequestTrace) -> dict[str, Any]:
    figures = RequestFigures()
    for batch in request_table(trace).to_batches():
        figures.add(batch)
    return figures.document()


def _market(reading: Reading, stated: str, price_usd_per_h: float | None, moved: Moved) -> Fit:
    figures = MarketFigures()
    for batch in reading.batches():
        figures.add(batch)
    frame, facts = figures.frame(), reading.notes.facts
    records = zone_records(frame, span_s(frame, facts))
    name, origin = _named(reading, stated, "spot market")
    fitted = fit_market(records, name, origin, price_usd_per_h)
    duration_s = records[0].span_s

    def made() -> Iterator[SpotTrace]:
        for at in range(MOST_TABLES // 2):
            yield fitted.market.spot(duration_s, np.random.default_rng(at))
            moved((at + 1) / (MOST_TABLES // 2))

    def refitted(table: SpotTrace) -> dict[str, float] | None:
        try:
            return market_parameters(fit_market(records_of(table), name, origin).market)
        except TraceError:  # nothing changed in it
            return None

    measures = Measures(refitted, _market_figures)
    found = likeness(market_parameters(fitted.market), figures.document(facts), made(), measures)
    return Fit(_spec(fitted.market), found, {}, fitted.remarks)


def _market_figures(trace: SpotTrace) -> dict[str, Any]:
    figures = MarketFigures()
    for batch in market_table(trace).to_batches():
        figures.add(batch)
    return figures.document({"span_s": trace.span_s})


def _named(reading: Reading, stated: str, what: str) -> tuple[str, str]:
    """Name and origin of a generator."""
    path = reading.file.path
    title, licence = source_of(reading, stated)
    title = f"{title} ({licence})" if licence else title
    return f"{what} fitted to {path.name}", f"fitted to {title} by `traces fit`"


def _spec(source: Any) -> dict[str, Any]:
    made: dict[str, Any] = source.model_dump(mode="json", exclude_none=True)
    return {"_target_": f"{type(source).__module__}.{type(source).__name__}"} | made
