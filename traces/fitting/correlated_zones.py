"""Zones that are up or down together, fitted: availability, runs and correlations of a trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from statistics import NormalDist
from typing import Any

import numpy as np

from traces.errors import TraceError
from traces.fitting.zone_record import LEAST_SHARE, ZoneRecord, records_of
from traces.generators.gaussian import binary_correlation
from traces.generators.gaussian import correlations as hidden_correlations
from traces.generators.priced_zone import HOUR_S
from traces.generators.zones import CorrelatedZones
from traces.tables import Floats

MOST_CORRELATION = 0.98
GRID = 20_000
MEMORIES_H = {"region_memory_h": (2.0, 8.0, 24.0), "slow_memory_h": (6.0, 24.0, 96.0), "fast_memory_h": (0.2, 0.6, 2.0)}
RUN_LEVELS = (0.25, 0.5, 0.75, 0.9)
SHORTER = (1.0, 0.3, 0.1, 0.03)
"""What the mean up-run of a zone that hardly ever changed may be multiplied by: the trace does not tell it."""


def correlations(records: Sequence[ZoneRecord]) -> tuple[float, float]:
    """Mean correlation of the states of two zones of a region, and of two of different ones; 0 where there are none."""
    grid = np.linspace(0.0, records[0].span_s, GRID, endpoint=False)
    up = [record.capacity[np.searchsorted(record.time_s, grid, side="right") - 1] > 0 for record in records]
    within: list[float] = []
    across: list[float] = []
    for one, other in combinations(range(len(records)), 2):
        if up[one].std() > 0 and up[other].std() > 0:
            same = records[one].region == records[other].region
            (within if same else across).append(float(np.corrcoef(up[one], up[other])[0, 1]))
    means = [float(np.clip(np.mean(pairs), 0.0, MOST_CORRELATION)) if pairs else 0.0 for pairs in (within, across)]
    return means[0], means[1]


def fit_correlated(
    records: Sequence[ZoneRecord], stated: Mapping[str, Any], prices: Mapping[str, Any]
) -> tuple[CorrelatedZones, tuple[str, ...]] | None:
    """The market whose memories give run lengths most like those of the trace, with remarks; None if no memories can give its means.

    Args:
        records: of zones that are up or down.
        stated: arguments of the market besides its zones and correlations.
        prices: those of each zone.
    """
    within, across = correlations(records)
    across = min(across, within) if any(one.region == other.region for one, other in combinations(records, 2)) else across
    step_s = max(round(min(record.shortest_run_s() for record in records), 3), 1.0)
    zones, always = {}, []
    for record in records:
        share = record.up_share()
        falls = int((np.diff((record.capacity > 0).astype(int)) < 0).sum())
        mean_up_h = share * record.span_s / HOUR_S / max(falls, 1)
        if not LEAST_SHARE < share < 1 - LEAST_SHARE:
            always.append(record.zone)
            share = float(np.clip(share, LEAST_SHARE, 1 - LEAST_SHARE))
        mean_up_h = max(mean_up_h, 1.05 * step_s / HOUR_S)
        zones[record.zone] = prices[record.zone] | {"availability": round(share, 4), "mean_up_h": float(f"{mean_up_h:.5g}")}
    if always:
        shares = [zones[record.zone]["availability"] for record in records]
        within, across = (_over_all(records, shares, always, mean, same) for mean, same in ((within, True), (across, False)))
    fixed: dict[str, Any] = dict(stated) | {
        "zones": dict(zones), "step_s": step_s,
        "within_region_correlation": round(within, 4), "across_region_correlation": round(across, 4),
    }  # fmt: skip
    for shorter in SHORTER if always else (1.0,):
        for zone in always:
            fixed["zones"][zone] = zones[zone] | {"mean_up_h": zones[zone]["mean_up_h"] * shorter}
        market = _with_memories(records, fixed)
        if market is not None:
            told = f"{', '.join(always)} hardly ever changed; made to change for {LEAST_SHARE:.1%} of the time"
            return market, ((told,) if always else ())
    return None


def _over_all(records: Sequence[ZoneRecord], shares: Sequence[float], always: Sequence[str], mean: float, same_region: bool) -> float:
    """The mean correlation of all pairs of zones that gives those that change the mean they have; the others' is next to none."""
    pairs = [(i, j) for i, j in combinations(range(len(records)), 2) if (records[i].region == records[j].region) == same_region]
    changing = [pair for pair in pairs if not {records[at].zone for at in pair} & set(always)]
    if not changing:
        return 0.0
    level = [NormalDist().inv_cdf(share) for share in shares]
    curve = {(i, j): binary_correlation(level[i], level[j], shares[i], shares[j]) for i, j in pairs}
    hidden = float(np.interp(mean, np.mean([curve[pair] for pair in changing], axis=0), hidden_correlations()))
    return float(np.interp(hidden, hidden_correlations(), np.mean(list(curve.values()), axis=0)))


def _with_memories(records: Sequence[ZoneRecord], fixed: Mapping[str, Any]) -> CorrelatedZones | None:
    """The market with the memories whose runs are most like those of the trace; None if none can have its means."""
    wanted = _run_quantiles(records)
    best: tuple[float, CorrelatedZones] | None = None
    for chosen in product(*MEMORIES_H.values()):
        try:
            market = CorrelatedZones(**(dict(fixed) | dict(zip(MEMORIES_H, chosen, strict=True))))
        except TraceError:
            continue
        made = market.spot(records[0].span_s, np.random.default_rng(0))
        apart = float(np.nanmean(np.abs(_run_quantiles(records_of(made)) - wanted)))
        if best is None or apart < best[0]:
            best = (apart, market)
    return best[1] if best is not None else None


def _run_quantiles(records: Sequence[ZoneRecord]) -> Floats:
    """Logarithms of quantiles of the up-runs and down-runs of each zone over their means; NaN where there are too few."""
    found = []
    for record in records:
        for runs in record.runs_h():
            several = len(runs) >= len(RUN_LEVELS)
            found.append(np.log(np.quantile(runs, RUN_LEVELS) / runs.mean()) if several else np.full(len(RUN_LEVELS), np.nan))
    return np.array(found)
