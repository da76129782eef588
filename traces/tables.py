"""The two tables every trace becomes: requests that arrive, and a spot market's capacity and price.

Columns are numpy arrays; a reader or generator builds the table, and `check` proves its invariants once, so that nothing
downstream has to ask again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from traces.errors import TraceError
from traces.provenance import Source

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RequestTrace:
    """Requests in the order of their arrival.

    Args:
        arrival_s: seconds since the start of the trace, non-decreasing, finite, at least 0. Shape (n,).
        input_tokens: prompt tokens, at least 1. Shape (n,).
        output_tokens: tokens the full model answers with, reasoning included, at least 1. Shape (n,).
        sources: what the table was made from.
        more: further columns of `traces.schemas.REQUESTS` by name, of the types stated there; rows may lack a value. Length n.
        prefix_block_tokens: tokens of a block of the column `prefix_blocks`; 0 where that is not known.
    """

    arrival_s: Floats
    input_tokens: Ints
    output_tokens: Ints
    sources: tuple[Source, ...] = ()
    more: Mapping[str, pa.Array] = field(default_factory=dict)
    prefix_block_tokens: int = 0

    def __len__(self) -> int:
        return len(self.arrival_s)

    def rows(self, first: int, end: int) -> RequestTrace:
        """The requests from number `first` up to, without, number `end`."""
        more = {name: column.slice(first, max(end - first, 0)) for name, column in self.more.items()}
        columns = self.arrival_s[first:end], self.input_tokens[first:end], self.output_tokens[first:end]
        return RequestTrace(*columns, self.sources, more, self.prefix_block_tokens)

    def take(self, order: Ints) -> RequestTrace:
        """The requests of these numbers, in this order."""
        more = {name: column.take(order) for name, column in self.more.items()}
        columns = self.arrival_s[order], self.input_tokens[order], self.output_tokens[order]
        return RequestTrace(*columns, self.sources, more, self.prefix_block_tokens)

    def check(self) -> RequestTrace:
        """Return the table itself, or raise `TraceError` with every broken invariant."""
        problems = []
        if len({len(column) for column in (self.arrival_s, self.input_tokens, self.output_tokens, *self.more.values())}) > 1:
            raise TraceError("the columns of a request trace differ in length")
        if len(self) == 0:
            raise TraceError("the request trace is empty: no request arrives")
        if not np.isfinite(self.arrival_s).all():
            problems.append(f"arrival_s of row {int(np.argmin(np.isfinite(self.arrival_s)))} is not a finite number")
        elif self.arrival_s[0] < 0 or (np.diff(self.arrival_s) < 0).any():
            row = 0 if self.arrival_s[0] < 0 else int(np.argmax(np.diff(self.arrival_s) < 0)) + 1
            problems.append(f"arrival_s runs backwards at row {row} ({self.arrival_s[row]} s): sort the trace by time")
        for name in ("input_tokens", "output_tokens"):
            tokens = getattr(self, name)
            if (tokens < 1).any():
                row = int(np.argmax(tokens < 1))
                problems.append(f"{name} of row {row} is {int(tokens[row])}: every request has at least one token")
        if problems:
            raise TraceError(*problems)
        return self


@dataclass(frozen=True, slots=True)
class ZoneSeries:
    """Capacity and price of one zone as change points: value i holds from time_s[i] until time_s[i + 1].

    Args:
        zone: the provider's name of the zone, such as us-east-1a.
        region: the region it lies in, such as us-east-1.
        time_s: strictly increasing, the first is 0. Shape (k,).
        capacity: spot instances that may run in the zone, at least 0. Shape (k,).
        price_usd_per_h: spot price of one instance, at least 0. Shape (k,).
    """

    zone: str
    region: str
    time_s: Floats
    capacity: Ints
    price_usd_per_h: Floats


@dataclass(frozen=True, slots=True)
class SpotTrace:
    """A spot market: one series a zone, all from time 0 to `span_s`."""

    zones: tuple[ZoneSeries, ...]
    span_s: float
    sources: tuple[Source, ...] = field(default=())

    def check(self) -> SpotTrace:
        """Return the table itself, or raise `TraceError` with every broken invariant."""
        problems = []
        if not self.zones:
            raise TraceError("the spot trace has no zone")
        names = [series.zone for series in self.zones]
        problems += [f"zone {name} appears twice" for name in sorted({n for n in names if names.count(n) > 1})]
        for series in self.zones:
            if not len(series.time_s) == len(series.capacity) == len(series.price_usd_per_h) > 0:
                problems.append(f"zone {series.zone}: time, capacity and price differ in length or are empty")
                continue
            if series.time_s[0] != 0 or not np.isfinite(series.time_s).all() or (np.diff(series.time_s) <= 0).any():
                problems.append(f"zone {series.zone}: times must start at 0 and rise; they run backwards or repeat")
            if (series.capacity < 0).any():
                problems.append(f"zone {series.zone}: capacity below 0")
            if not (np.isfinite(series.price_usd_per_h) & (series.price_usd_per_h >= 0)).all():
                problems.append(f"zone {series.zone}: a price is negative or not a number")
        if problems:
            raise TraceError(*problems)
        return self
