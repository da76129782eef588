"""Zones of slots, fitted: durations, bursts and shocks of a trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from traces.fitting.durations import fit_duration
from traces.fitting.zone_record import LEAST_SHARE, ZoneRecord
from traces.generators.priced_zone import HOUR_S
from traces.generators.slots import DAY_S, SlotMarket
from traces.tables import Floats, Ints

SHOCK_SHARE, SHOCK_LEAST = 0.4, 8


def fit_slots(records: Sequence[ZoneRecord], stated: Mapping[str, Any], prices: Mapping[str, Any]) -> SlotMarket:
    """A market of slots; arguments as of `traces.fitting.correlated_zones.fit_correlated`, for zones of any capacity."""
    zones = {record.zone: prices[record.zone] | _slot_zone(record) for record in records}
    return SlotMarket(**(dict(stated) | {"zones": zones, "shocks": _shocks(records)}))


def _slot_zone(record: ZoneRecord) -> dict[str, Any]:
    """Slots, durations and bursts of a zone.

    Of single instances the runs themselves are fitted. Of several, only their number is seen: an instance-hour ends as often as there
    are losses in it (so that the mean is instance-hours over losses, a burst counting once), and by Little's law the mean number that
    is down is the number lost in an hour times the mean time down.
    """
    slots = int(record.capacity.max())
    if slots <= 1:
        up_h, down_h = record.runs_h()
        last_h = (record.span_s - record.time_s[np.flatnonzero(np.diff(record.capacity) != 0)[-1] + 1]) / HOUR_S if len(up_h) else 0.0
        lasts_up = record.capacity[-1] > 0
        if not len(up_h) or not len(down_h):
            span_h = record.span_s / HOUR_S
            share = float(np.clip(record.up_share(), LEAST_SHARE, 1 - LEAST_SHARE))
            return {"slots": 1, "up": _exponential(share * span_h), "down": _exponential((1 - share) * span_h)}
        up = fit_duration(up_h, np.array([last_h] if lasts_up and last_h > 0 else []))
        down = fit_duration(down_h, np.array([] if lasts_up or last_h <= 0 else [last_h]))
        return {"slots": 1, "up": up.model_dump(), "down": down.model_dump()}
    lost, shock, _, _ = _losses(record)
    sizes = lost[~shock]
    hours = record.mean_capacity * record.span_s / HOUR_S
    lost_per_h = lost.sum() / (record.span_s / HOUR_S)
    zone: dict[str, Any] = {"slots": slots, "up": _exponential(hours / max(len(sizes), 0.5))}
    zone["down"] = _exponential(max((slots - record.mean_capacity) / lost_per_h if lost_per_h else 1.0, 1e-3))
    if len(sizes):
        shares = np.bincount(sizes)[1:] / len(sizes)
        zone["bursts"] = [round(float(share), 6) for share in shares]
        zone["bursts"][0] = round(1 - sum(zone["bursts"][1:]), 6)
    return zone


def _losses(record: ZoneRecord) -> tuple[Ints, NDArray[np.bool_], Floats, Floats]:
    """Of each time at which instances went: how many, whether it was a shock (a large share of many), that share, and the time."""
    lost = -np.diff(record.capacity)
    at = np.flatnonzero(lost > 0)
    before = record.capacity[at]
    return lost[at], (before >= SHOCK_LEAST) & (lost[at] >= SHOCK_SHARE * before), lost[at] / before, record.time_s[at + 1]


def _shocks(records: Sequence[ZoneRecord]) -> dict[str, float] | None:
    """Shocks a day and region, and the mean share they take; None if there are none."""
    regions = {record.region for record in records}
    times: dict[str, set[float]] = {region: set() for region in regions}
    shares: list[float] = []
    for record in records:
        _, shock, share, time_s = _losses(record)
        times[record.region] |= set(time_s[shock].tolist())
        shares += share[shock].tolist()
    count = sum(len(found) for found in times.values())
    if not count:
        return None
    return {"per_day": round(count / len(regions) / (records[0].span_s / DAY_S), 4), "share": round(float(np.mean(shares)), 4)}


def _exponential(mean_h: float) -> dict[str, Any]:
    return {"kind": "exponential", "mean_h": float(f"{mean_h:.6g}")}
