"""A part of a trace: a span of time, some zones, one instance type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from traces.errors import TraceError
from traces.reading.stamps import NANOSECONDS, iso, nanosecond
from traces.schemas import REQUESTS, SPOT
from traces.transform.stored_trace import StoredTrace, of_kind


def cut(trace: StoredTrace, start_s: float, end_s: float | None) -> StoredTrace:
    """The part from one second to another; second 0 of the result is `start_s`.

    Of a market, each zone begins with the row that held at `start_s`.

    Args:
        trace: requests or a market.
        start_s: of the part, at least 0.
        end_s: of the part, above `start_s`; None is the end of the trace.

    Raises:
        TraceError: the span is impossible or empty.
    """
    of_kind(trace, REQUESTS, SPOT)
    end = np.inf if end_s is None else end_s
    if not 0 <= start_s < end:
        raise TraceError(f"slice from second {start_s:g} to {end:g}: the start must be at least 0 and before the end")
    told = f"cut from second {start_s:.10g} to {'the end' if end_s is None else f'{end_s:.10g}'}"
    start = _later(trace.about.start, start_s)
    frame = trace.table.to_pandas()
    if trace.kind is REQUESTS:
        frame = frame[(frame["arrival_s"] >= start_s) & (frame["arrival_s"] < end)]
        frame = frame.assign(arrival_s=frame["arrival_s"] - start_s)
    else:
        parts = []
        for _, rows in frame.groupby(["zone", "instance_type"], sort=False):
            held = rows[rows["time_s"] <= start_s].tail(1)
            later = rows[(rows["time_s"] > start_s) & (rows["time_s"] < end)]
            parts.append(_without_events(held).assign(time_s=0.0))
            parts.append(later.assign(time_s=later["time_s"] - start_s))
        frame = _joined(parts)
    made = trace.changed(trace.of_frame(frame), told, start)
    if trace.kind is REQUESTS or end_s is None:
        return made
    # The last row holds until the end of the part, which no row says.
    return replace(made, about=replace(made.about, facts=made.about.facts | {"span_s": end_s - start_s}))


def keep(trace: StoredTrace, zones: Sequence[str] = (), instance_type: str | None = None) -> StoredTrace:
    """Some zones, and one instance type, of a market.

    Raises:
        TraceError: there is no such zone or type; says which there are.
    """
    of_kind(trace, SPOT)
    frame = trace.table.to_pandas()
    there, types = list(dict.fromkeys(frame["zone"])), list(dict.fromkeys(frame["instance_type"]))
    problems = [f"{trace.about.source} has no zone {zone!r}; it has {', '.join(there[:40])}" for zone in zones if zone not in there]
    if instance_type is not None and instance_type not in types:
        problems.append(f"{trace.about.source} has no instance type {instance_type!r}; it has {', '.join(types[:40])}")
    if problems:
        raise TraceError(*problems)
    step = []
    if zones:
        frame, step = frame[frame["zone"].isin(list(zones))], [f"zones {', '.join(zones)}"]
    if instance_type is not None:
        frame, step = frame[frame["instance_type"] == instance_type], [*step, f"instance type {instance_type}"]
    return trace.changed(trace.of_frame(frame), f"kept {' and '.join(step)}") if step else trace


def _without_events(held: Any) -> Any:
    """The row that holds at a start: nodes came and went before it, not at it."""
    for name in ("added", "removed"):
        if name in held:
            held = held.assign(**{name: [[]] * len(held)})
    return held


def _later(start: str | None, seconds: float) -> str | None:
    if start is None:
        return None
    at = nanosecond(start)
    return iso(at + round(seconds * NANOSECONDS)) if at is not None else None


def _joined(parts: list[Any]) -> Any:
    import pandas as pd

    return pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else parts[0]
