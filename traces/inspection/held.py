"""Batches that are kept until the end, for tables that are small enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Held:
    """The rows seen so far."""

    def __init__(self) -> None:
        self._batches: list[pa.RecordBatch] = []

    @property
    def rows(self) -> int:
        """How many there are."""
        return sum(len(batch) for batch in self._batches)

    def add(self, batch: pa.RecordBatch) -> None:
        """Take the next batch of a checked table."""
        self._batches.append(batch)

    def frame(self) -> pd.DataFrame:
        """All of them."""
        import pyarrow as pa

        return pa.Table.from_batches(self._batches).to_pandas()
