"""Figures of a spot trace: availability, runs, losses and prices of each zone, and how zones go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from traces.inspection.held import Held
from traces.regions import region_of
from traces.span import span_s

if TYPE_CHECKING:
    import pandas as pd

HOUR_S = 3600.0
GRID = 20_000


class MarketFigures(Held):
    """Figures of a whole spot table; spot traces are small enough to be held."""

    def document(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The figures, for JSON.

        Args:
            facts: of the trace; they say when it ends, or how long its last rows hold.
        """
        frame = self.frame()
        end_s = span_s(frame, facts)
        zones = {name: _zone(rows, end_s) for name, rows in series(frame)}
        found: dict[str, Any] = {"span_s": end_s, "zones": zones}
        states = up_states(frame, end_s)
        if states is not None:
            names, up = states
            found["no_zone_up_share"] = float((~up.any(axis=0)).mean())
            found |= _correlations(names, up)
        return found

    def remarks(self) -> list[str]:
        """What a user should know before replaying the trace."""
        frame = self.frame()
        said = []
        if frame["capacity"].isna().all():
            said.append("prices only: a run needs capacities too; overlay the prices on a trace that has them")
        elif frame["price_usd_per_h"].isna().all():
            said.append("no prices: a run needs price_usd_per_h, or prices of another trace laid over")
        return said


def series(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Each zone and instance type with its rows; called after the zone alone where it has one type."""
    several = frame.groupby("zone")["instance_type"].nunique() > 1
    return [
        (f"{zone} {kind}" if several[zone] and kind else str(zone), rows)
        for (zone, kind), rows in frame.groupby(["zone", "instance_type"], sort=False)
    ]


def runs_s(time_s: NDArray[np.float64], up: NDArray[np.bool_], end_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lengths of the up-runs and of the down-runs that begin and end within the trace.

    Args:
        time_s: at which a state begins to hold. Shape (k,).
        up: the states. Shape (k,).
        end_s: of the last one.
    """
    changes = np.flatnonzero(np.diff(up)) + 1
    begins = time_s[changes]
    lengths = np.diff(begins)
    states = up[changes][:-1]
    return lengths[states], lengths[~states]


def up_states(frame: pd.DataFrame, end_s: float) -> tuple[list[str], NDArray[np.bool_]] | None:
    """Whether each zone with capacities is up, on a common grid of times; None with fewer than two zones. Shape (zones, times)."""
    known = [(name, rows) for name, rows in series(frame) if not rows["capacity"].isna().any()]
    if len(known) < 2 or end_s <= 0:
        return None
    begin_s = max(float(rows["time_s"].iloc[0]) for _, rows in known)
    grid = np.linspace(begin_s, end_s, GRID, endpoint=False)
    up = np.array(
        [rows["capacity"].to_numpy()[np.searchsorted(rows["time_s"].to_numpy(), grid, side="right") - 1] > 0 for _, rows in known]
    )
    return [name for name, _ in known], up


def _zone(rows: pd.DataFrame, end_s: float) -> dict[str, Any]:
    time_s = rows["time_s"].to_numpy(dtype=np.float64)
    lasts_s = np.diff(time_s, append=end_s)
    found: dict[str, Any] = {"rows": len(rows)}
    if not rows["capacity"].isna().any():
        capacity = rows["capacity"].to_numpy(dtype=np.int64)
        up = capacity > 0
        weights = lasts_s if lasts_s.sum() > 0 else np.ones(len(rows))
        ups, downs = runs_s(time_s, up, end_s)
        span_s = float(lasts_s.sum())
        found |= {
            "availability": float(np.average(up, weights=weights)),
            "mean_capacity": float(np.average(capacity, weights=weights)),
            "most_capacity": int(capacity.max()),
            "mean_up_s": _mean(ups), "median_up_s": _median(ups), "mean_down_s": _mean(downs), "median_down_s": _median(downs),
            "losses_per_day": float((np.diff(capacity) < 0).sum() / span_s * 86_400) if span_s > 0 else None,
        }  # fmt: skip
    prices = rows["price_usd_per_h"].dropna()
    if len(prices):
        known = rows["price_usd_per_h"].notna().to_numpy()
        weights = lasts_s[known] if lasts_s[known].sum() > 0 else np.ones(int(known.sum()))
        found["price_usd_per_h"] = {
            "lowest": float(prices.min()), "mean": float(np.average(prices, weights=weights)), "highest": float(prices.max()),
            "changes": int((np.diff(prices) != 0).sum()),
        }  # fmt: skip
    return found


def _correlations(names: list[str], up: NDArray[np.bool_]) -> dict[str, Any]:
    """Mean correlation of the states of two zones of a region, and of two of different regions; zones that never change are left out."""
    changing = [at for at in range(len(names)) if 0 < up[at].mean() < 1]
    if len(changing) < 2:
        return {}
    matrix = np.atleast_2d(np.corrcoef(up[changing].astype(np.float64)))
    regions = [region_of(names[at].split(" ")[0]) for at in changing]
    pairs = [(i, j) for i in range(len(changing)) for j in range(i)]
    same = [matrix[i, j] for i, j in pairs if regions[i] == regions[j]]
    other = [matrix[i, j] for i, j in pairs if regions[i] != regions[j]]
    return {"correlation_within_region": _mean(np.array(same)), "correlation_across_regions": _mean(np.array(other))}


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def _median(values: NDArray[np.float64]) -> float | None:
    return float(np.median(values)) if len(values) else None
