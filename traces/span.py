"""When a market ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def span_s(frame: pd.DataFrame, facts: Mapping[str, Any]) -> float:
    """The end of a market: as stated, else where its last row ends.

    A trace of ticks ends with the zone that ends first, since nothing is known of it any more; a trace of changes with its last one.

    Args:
        frame: its rows.
        facts: of the trace: `span_s` states its end, `gap_s` is the time between two ticks.
    """
    if "span_s" in facts:
        return float(facts["span_s"])
    last_s = frame.groupby(["zone", "instance_type"], sort=False)["time_s"].max()
    gap_s = float(facts.get("gap_s", 0.0))
    return float(last_s.min()) + gap_s if gap_s else float(last_s.max())
