"""What a trace says of its requests besides arrivals and lengths."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from traces.errors import TraceError
from traces.tables import RequestTrace


def told(block: RequestTrace, name: str, drawn: NDArray[Any]) -> NDArray[Any]:
    """A column of numbers, with what was drawn where the trace says nothing. Shape (n,)."""
    column = block.more.get(name)
    if column is None:
        return drawn
    known = np.asarray(column.is_valid())
    return np.where(known, np.asarray(column.fill_null(0)), drawn).astype(drawn.dtype)


def told_tiers(block: RequestTrace, tiers: Sequence[str], drawn: NDArray[np.int8]) -> NDArray[np.int8]:
    """Index of each request's tier in `tiers`, with what was drawn where the trace names none. Shape (n,).

    Raises:
        TraceError: the trace names tiers that the run does not have.
    """
    column = block.more.get("tier")
    if column is None:
        return drawn
    import pyarrow as pa
    import pyarrow.compute as compute

    unknown = sorted(set(compute.unique(column.drop_null()).to_pylist()) - set(tiers))
    if unknown:
        raise TraceError(f"traffic: the trace has the tiers {', '.join(unknown)}, and `tiers` has {', '.join(tiers)}; name them alike")
    index = compute.index_in(column, pa.array(tiers, pa.string()))
    return np.where(np.asarray(index.is_valid()), np.asarray(index.fill_null(0)), drawn).astype(np.int8)
