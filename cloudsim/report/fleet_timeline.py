"""The life of every node as coloured segments in lanes: what the fleet timeline draws."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
CHANGES = ("shrunk", "crashed", "restarted")
"""Changes of the hardware that are marked."""
MOST_NODES = 600
"""Nodes drawn for one run; a page with all runs draws at most ten times as many."""


@dataclass(frozen=True, slots=True)
class ZoneLanes:
    """One zone and the lanes it takes, `first` to `first + lanes - 1` from the top."""

    zone: str
    first: int
    lanes: int


@dataclass(frozen=True, slots=True)
class Segments:
    """One phase of many nodes: lane, start and length in minutes, node index and what it serves. All of shape (n,)."""

    lane: NDArray[np.int64]
    start_min: Floats
    length_min: Floats
    node: NDArray[np.int64]
    text: list[str]


@dataclass(frozen=True, slots=True)
class FleetRun:
    """The nodes of one contender in one replication.

    `nodes` counts all of them, `reclaimed` those the provider took back, and `hidden` those left out of the drawing.
    `phases` holds starting, ready and notice; `marks`, of no length, the nodes that were reclaimed, and where replicas crashed or shrank.
    """

    contender: str
    replication: int
    zones: list[ZoneLanes]
    phases: dict[str, Segments]
    marks: dict[str, Segments]
    nodes: int
    reclaimed: int
    hidden: int


def fleet_info(nodes: "pd.DataFrame", changes: "pd.DataFrame", contenders: Sequence[str], replications: Sequence[int]) -> list[FleetRun]:
    """One `FleetRun` for every contender and replication, also where it had no node.

    Args:
        nodes, changes: the tables of `cloudsim.metrics.tables`.
    """
    most = min(MOST_NODES, 10 * MOST_NODES // max(1, len(contenders) * len(replications)))
    groups, changed = (dict(iter(frame.groupby(["contender", "replication"], observed=True, sort=False))) for frame in (nodes, changes))
    return [
        _run(groups.get((name, replication), nodes.iloc[:0]), changed.get((name, replication), changes.iloc[:0]), name, replication, most)
        for name in contenders
        for replication in replications
    ]


def _run(rows: "pd.DataFrame", changes: "pd.DataFrame", contender: str, replication: int, most: int) -> FleetRun:
    rows = rows.sort_values(["zone", "requested_s", "node"], key=lambda column: column.astype(str) if column.name == "zone" else column)
    starts = rows["requested_s"].to_numpy(dtype=np.float64)
    ends = rows["ended_s"].to_numpy(dtype=np.float64)
    ends = np.where(np.isfinite(ends), ends, np.nanmax(ends, initial=0.0) if len(ends) else 0.0)
    zones = rows["zone"].astype(str).to_numpy()
    lane = np.zeros(len(rows), dtype=np.int64)
    for zone in dict.fromkeys(zones):
        inside = np.flatnonzero(zones == zone)
        lane[inside] = lanes(starts[inside], ends[inside])
    drawn = lane < _lanes_that_fit(lane, most)
    layout, first = [], 0
    for zone in dict.fromkeys(zones[drawn]):
        inside = drawn & (zones == zone)
        height = int(lane[inside].max()) + 1
        layout.append(ZoneLanes(str(zone), first, height))
        lane[inside] += first
        first += height
    reclaimed = (rows["end_reason"] == "reclaimed").to_numpy()
    phases = _phases(rows, starts, ends)
    return FleetRun(
        contender,
        replication,
        layout,
        {name: _segments(rows, lane, at, until, drawn & (until > at)) for name, (at, until) in phases.items()},
        {"reclaimed": _segments(rows, lane, ends, ends, drawn & reclaimed)}
        | {name: _moments(rows[drawn], lane[drawn], changes[changes["change"] == name]) for name in CHANGES},
        len(rows),
        int(reclaimed.sum()),
        int((~drawn).sum()),
    )


def lanes(starts: Floats, ends: Floats) -> list[int]:
    """The lowest free lane for each interval, in order of start, so that intervals of one lane never overlap."""
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    taken = []
    for start, end in zip(starts, ends, strict=True):
        while busy and busy[0][0] <= start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (end, lane))
        taken.append(lane)
    return taken


def _lanes_that_fit(lane: NDArray[np.int64], most: int) -> int:
    """Lanes kept in each zone so that at most `most` nodes are drawn; at least one."""
    running = np.cumsum(np.bincount(lane))
    return max(1, int(np.searchsorted(running, most, side="right")))


def _phases(rows: "pd.DataFrame", starts: Floats, ends: Floats) -> dict[str, tuple[Floats, Floats]]:
    """Start and end of each phase, seconds; a phase that never came is empty or NaN."""
    ready, noticed = (rows[name].to_numpy(dtype=np.float64) for name in ("ready_s", "noticed_s"))
    notice = np.where(np.isfinite(noticed), noticed, ends)
    return {"starting": (starts, np.fmin(ready, notice)), "ready": (ready, notice), "notice": (notice, ends)}


def _moments(rows: "pd.DataFrame", lane: NDArray[np.int64], changes: "pd.DataFrame") -> Segments:
    """Changes of the hardware under nodes that are drawn."""
    places = dict(zip(rows["node"].tolist(), lane.tolist(), strict=True))
    drawn: Any = changes[changes["node"].isin(list(places))]
    words = [
        f"{taken:.0%} of the memory taken, {depth:.0%} of the layers stay"
        for taken, depth in zip(drawn["taken_share"], drawn["depth"], strict=True)
    ]
    node = drawn["node"].to_numpy(dtype=np.int64)
    minutes = drawn["time_s"].to_numpy(dtype=np.float64) / 60
    return Segments(np.array([places[one] for one in node.tolist()], dtype=np.int64), minutes, 0 * minutes, node, words)


def _segments(rows: "pd.DataFrame", lane: NDArray[np.int64], at: Floats, until: Floats, chosen: NDArray[np.bool_]) -> Segments:
    part: Any = rows[chosen]
    words = [
        f"{model} on {instance}, {market}" for model, instance, market in zip(part["model"], part["instance"], part["market"], strict=True)
    ]
    return Segments(lane[chosen], at[chosen] / 60, (until - at)[chosen] / 60, part["node"].to_numpy(dtype=np.int64), words)
