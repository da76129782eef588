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
    import pyarrow.compute as pc

    of_kind(trace, REQUESTS)
    _check("rate", factor)
    column = trace.table.schema.get_field_index("arrival_s")
    times = pc.divide(trace.table.column(column), factor)
    return trace.changed(trace.table.set_column(column, trace.table.schema.field(column), times), f"rate times {factor:g}")


def scale_capacity(trace: StoredTrace, factor: float) -> StoredTrace:
    """A market with `factor` times the instances, rounded down; a zone that had any keeps at least one. Names of nodes are left out.

    Raises:
        TraceError: the factor is not above 0, or the trace has no capacities.
    """
    import pyarrow as pa

    of_kind(trace, SPOT)
    _check("capacity", factor)
    index = trace.table.schema.get_field_index("capacity")
    capacity = trace.table.column(index)
    if capacity.null_count:
        raise TraceError(f"{trace.about.source} has no capacities to scale")
    values = np.asarray(capacity)
    scaled = np.where(values > 0, np.maximum(np.floor(values * factor), 1), 0).astype(np.int64)
    table = trace.table.set_column(index, trace.table.schema.field(index), pa.array(scaled))
    nodes = [name for name in ("added", "removed") if name in table.column_names]
    return trace.changed(table.drop_columns(nodes) if nodes else table, f"capacity times {factor:g}")


def _check(what: str, factor: float) -> None:
    if not (isfinite(factor) and factor > 0):
        raise TraceError(f"{what} times {factor:g}: the factor must be a number above 0")
