"""Figures of tables that are neither requests nor markets: how each column is distributed."""

from __future__ import annotations

from typing import Any

import numpy as np

from traces.inspection.held import Held
from traces.schemas import Kind

MOST_VALUES = 20


class ColumnFigures(Held):
    """Quantiles of numbers and counts of texts, column by column."""

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self._kind = kind

    def document(self) -> dict[str, Any]:
        """The figures, for JSON."""
        frame = self.frame()
        time = self._kind.time or next((column.name for column in self._kind.columns if column.name.endswith("started_s")), None)
        columns: dict[str, Any] = {}
        for column in self._kind.columns:
            if column.name not in frame or column.name == time:
                continue
            values = frame[column.name].dropna()
            if column.numeric and len(values):
                p50, p90, p99 = np.percentile(values, (50, 90, 99)).tolist()
                columns[column.name] = {
                    "lowest": float(values.min()), "p50": p50, "p90": p90, "p99": p99, "highest": float(values.max()),
                    "mean": float(values.mean()),
                }  # fmt: skip
            elif column.type in ("string", "bool"):
                counts = values.astype(str).value_counts()
                columns[column.name] = {"different": len(counts), "most": {str(k): int(v) for k, v in counts.head(MOST_VALUES).items()}}
        return {"span_s": float(frame[time].max() - frame[time].min()) if time else None, "columns": columns}

    def remarks(self) -> list[str]:
        """Nothing."""
        return []
