"""Prices of zones, and how they move."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any

import numpy as np

from traces.errors import TraceError
from traces.fitting.zone_record import ZoneRecord
from traces.generators.priced_zone import HOUR_S
from traces.tables import Floats

STEP_S, MEMORY_H = 21_600.0, 240.0
LEAST_S = 60.0


def price_range(record: ZoneRecord, stated_usd_per_h: float | None) -> dict[str, float]:
    """Lowest, mean and highest price of a zone; the stated one where the trace has none.

    Raises:
        TraceError: there is neither.
    """
    known = np.isfinite(record.price_usd_per_h)
    if not known.any() or stated_usd_per_h is not None:
        if stated_usd_per_h is None:
            raise TraceError(f"zone {record.zone} has no prices; say --price USD for one that holds all the time")
        low = mean = high = stated_usd_per_h
    else:
        prices, weights = record.price_usd_per_h[known], record.lasts_s[known]
        low, high = float(prices.min()), float(prices.max())
        mean = float(np.average(prices, weights=weights)) if weights.sum() > 0 else float(prices.mean())
        if not low < mean < high:
            low = high = mean
    return {f"price_{name}_usd_per_h": round(value, 6) for name, value in (("low", low), ("mean", mean), ("high", high))}


def price_motion(records: Sequence[ZoneRecord]) -> dict[str, Any]:
    """Time between two changes, and the memory of an autoregressive process with the correlation that prices have after that time."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    gaps: list[Floats] = []
    kept: list[float] = []
    for record in records:
        price = record.price_usd_per_h
        changes = np.flatnonzero(np.isfinite(price[1:]) & np.isfinite(price[:-1]) & (price[1:] != price[:-1])) + 1
        if len(changes) > 2:
            gaps.append(np.diff(record.time_s[changes]))
    if not gaps:
        return {"price_step_s": STEP_S, "price_memory_h": MEMORY_H}
    step_s = max(float(np.median(np.concatenate(gaps))), LEAST_S)
    for record in records:
        ticks = np.arange(0.0, record.span_s, step_s)
        seen = record.price_usd_per_h[np.searchsorted(record.time_s, ticks, side="right") - 1]
        if len(seen) > 3 and np.isfinite(seen).all() and seen[:-1].std() > 0 and seen[1:].std() > 0:
            scores = ndtri((rankdata(seen) - 0.5) / len(seen))  # the process is normal, prices are not
            kept.append(float(np.corrcoef(scores[:-1], scores[1:])[0, 1]))
    correlation = min(max(float(np.mean(kept)), 0.01), 0.9999) if kept else None
    memory_h = -step_s / HOUR_S / log(correlation) if correlation is not None else MEMORY_H
    return {"price_step_s": round(step_s, 3), "price_memory_h": round(memory_h, 4)}
