"""Traces with another rate or another capacity."""

from __future__ import annotations

from math import isfinite

import numpy as np

from traces.errors import TraceError
from traces.schemas import REQUESTS, SPOT
from traces.transform.stored_trace import StoredTrace, of_kind


def scale_rate(trace: StoredTrace, factor: float) -> StoredTrace:
    """Requests `factor` times as dense: all times divided by it. Burstiness (the CV of gaps) stays, the trace becomes shorter or longer.

    Raises:
        TraceError: the factor is not above 0.
    """
    of_kind(trace, REQUESTS)
    _check("rate", factor)
    times = np.asarray(trace.table.column("arrival_s")) / factor
    return trace.changed(trace.with_column("arrival_s", times), f"rate times {factor:g}")


def scale_capacity(trace: StoredTrace, factor: float) -> StoredTrace:
    """A market with `factor` times the instances, rounded down; a zone that had any keeps at least one. Names of nodes are left out.

    Raises:
        TraceError: the factor is not above 0, or the trace has no capacities.
    """
    of_kind(trace, SPOT)
    _check("capacity", factor)
    capacity = trace.table.column("capacity")
    if capacity.null_count:
        raise TraceError(f"{trace.about.source} has no capacities to scale")
    values = np.asarray(capacity)
    scaled = np.where(values > 0, np.maximum(np.floor(values * factor), 1), 0).astype(np.int64)
    table = trace.with_column("capacity", scaled)
    nodes = [name for name in ("added", "removed") if name in table.column_names]
    return trace.changed(table.drop_columns(nodes) if nodes else table, f"capacity times {factor:g}")


def _check(what: str, factor: float) -> None:
    if not (isfinite(factor) and factor > 0):
        raise TraceError(f"{what} times {factor:g}: the factor must be a number above 0")
