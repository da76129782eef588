"""A spot market of zones with several slots each, whose instances are lost one by one, in bursts, and in shocks to a whole region.

Each slot is up for a time and down for a time, by stated distributions. Who is lost may take others of its zone with it (a burst), and
now and then a shock takes a share of all that is up in a region. Those that are lost together come back together. Slots begin up or down as
often as they are in the long run, and the market is run for five of their cycles, at most thirty days, before time 0.
"""

from heapq import heappop, heappush
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from traces.changes import change_points
from traces.errors import TraceError
from traces.generators.durations import Duration
from traces.generators.priced_zone import HOUR_S, PricedMarket, PricedZone
from traces.options import Part, Positive, Text, check_duration
from traces.tables import Floats, Ints, SpotTrace

DAY_S = 86_400.0
WARM_UP_CYCLES = 5
LONGEST_WARM_UP_S = 30 * DAY_S
Share = Annotated[float, Field(ge=0, le=1)]


class SlotZone(PricedZone):
    """One zone, with the arguments of `PricedZone` and four more.

    Args:
        slots: instances that run when all are up.
        up: time that an instance would run if none but itself were lost.
        down: time until what was lost together comes back.
        bursts: shares of the losses that are of 1, 2, 3, … instances of the zone; they sum to 1. A burst takes no more than are up.
    """

    slots: Annotated[int, Field(ge=1, le=100_000)]
    up: Duration
    down: Duration
    bursts: Annotated[list[Share], Field(min_length=1)] = Field(default_factory=lambda: [1.0])

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(sum(self.bursts) - 1) > 1e-6:
            raise ValueError(f"bursts must sum to 1; they sum to {sum(self.bursts):g}")
        return self


class Shocks(Part):
    """Losses that come to all zones of a region at once.

    Args:
        per_day: mean number a day and region.
        share: of the instances that are up, those that are lost.
    """

    per_day: Annotated[float, Field(ge=0, le=1000)]
    share: Share


class Outage(Part):
    """Zones that have nothing for a time.

    Args:
        zones: by name.
        at_s: when it begins.
        lasts_s: how long it lasts.
    """

    zones: Annotated[list[Text], Field(min_length=1)]
    at_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    lasts_s: Positive


class SlotMarket(PricedMarket):
    """See the module.

    Args:
        zones: at least one, by name.
        shocks: to whole regions; None for none.
        outages: at stated times.
    """

    zones: Annotated[dict[str, SlotZone], Field(min_length=1)]
    shocks: Shocks | None = None
    outages: list[Outage] = Field(default_factory=list)

    @model_validator(mode="after")
    def _known(self) -> Self:
        unknown = sorted({zone for outage in self.outages for zone in outage.zones} - set(self.zones))
        if unknown:
            there = ", ".join(self.zones)
            raise TraceError(f"{type(self).__name__}: outages: {', '.join(unknown)} is no zone of this market; they are {there}")
        return self

    def spot(self, duration_s: float, rng: np.random.Generator) -> SpotTrace:
        """The market from time 0 to `duration_s`; see `traces.sources.SpotSource`."""
        check_duration(type(self).__name__, duration_s)
        state_rng, price_rng = rng.spawn(2)
        regions = list(dict.fromkeys(zone.region for zone in self.zones.values()))
        counts: dict[str, tuple[Floats, Ints]] = {}
        for region, region_rng in zip(regions, state_rng.spawn(len(regions)), strict=True):
            members = {name: zone for name, zone in self.zones.items() if zone.region == region}
            counts |= _Region(members, self.shocks, region_rng).run(duration_s)
        price_time_s, levels = self._price_levels(len(self.zones), duration_s, price_rng)
        series = []
        for index, (name, zone) in enumerate(self.zones.items()):
            time_s, count = self._with_outages(name, *counts[name])
            series.append(change_points(name, zone.region, time_s, count, price_time_s, zone.prices(levels[:, index]), duration_s))
        return SpotTrace(tuple(series), duration_s, (self.source,)).check()

    def _with_outages(self, name: str, time_s: Floats, count: Ints) -> tuple[Floats, Ints]:
        for outage in (outage for outage in self.outages if name in outage.zones):
            edges = np.array([outage.at_s, outage.at_s + outage.lasts_s])
            times = np.union1d(time_s, edges)
            held = count[np.searchsorted(time_s, times, side="right") - 1]
            time_s, count = times, np.where((times >= edges[0]) & (times < edges[1]), 0, held)
        return time_s, count


class _Region:
    """The slots of one region, run event by event."""

    def __init__(self, zones: dict[str, SlotZone], shocks: Shocks | None, rng: np.random.Generator) -> None:
        self._zones, self._shocks, self._rng = list(zones.values()), shocks, rng
        self._names = list(zones)
        self._up: list[set[int]] = [set() for _ in self._zones]
        self._ends: list[list[float]] = [[0.0] * zone.slots for zone in self._zones]
        self._events: list[tuple[float, int, str, int, tuple[int, ...]]] = []
        self._number = 0
        self._changes: list[tuple[list[float], list[int]]] = [([], []) for _ in self._zones]

    def run(self, duration_s: float) -> dict[str, tuple[Floats, Ints]]:
        """For each zone the times of its changes, the first at most 0, and how many instances may run from then on."""
        cycle_s = HOUR_S * max(zone.up.mean_h + zone.down.mean_h for zone in self._zones)
        now_s = -min(WARM_UP_CYCLES * cycle_s, LONGEST_WARM_UP_S)
        for at, zone in enumerate(self._zones):
            up = self._rng.random(zone.slots) < zone.up.mean_h / (zone.up.mean_h + zone.down.mean_h)
            self._come(now_s, at, tuple(np.flatnonzero(up).tolist()))
            for slot in np.flatnonzero(~up).tolist():
                self._push(now_s + float(zone.down.draw_s(1, self._rng)[0]), "come", at, (slot,))
        if self._shocks is not None and self._shocks.per_day > 0:
            self._push(now_s + self._rng.exponential(DAY_S / self._shocks.per_day), "shock", 0, ())
        while self._events[0][0] < duration_s:
            now_s, _, what, at, slots = heappop(self._events)
            if what == "come":
                self._come(now_s, at, slots)
            elif what == "shock":
                self._shock(now_s)
            elif slots[0] in self._up[at] and self._ends[at][slots[0]] == now_s:  # else it was lost with another before
                self._burst(now_s, at, slots[0])
        return {name: self._counted(at) for at, name in enumerate(self._names)}

    def _counted(self, at: int) -> tuple[Floats, Ints]:
        time_s, count = (np.array(column) for column in self._changes[at])
        last = np.append(np.diff(time_s) > 0, True)
        time_s, count = time_s[last], count[last]
        first = max(int(np.searchsorted(time_s, 0.0, side="right")) - 1, 0)
        return time_s[first:], count[first:].astype(np.int64)

    def _push(self, time_s: float, what: str, at: int, slots: tuple[int, ...]) -> None:
        self._number += 1
        heappush(self._events, (time_s, self._number, what, at, slots))

    def _come(self, now_s: float, at: int, slots: tuple[int, ...]) -> None:
        lasts_s = self._zones[at].up.draw_s(len(slots), self._rng).tolist()
        for slot, up_s in zip(slots, lasts_s, strict=True):
            self._up[at].add(slot)
            self._ends[at][slot] = now_s + up_s
            self._push(now_s + up_s, "lose", at, (slot,))
        self._note(now_s, at)

    def _burst(self, now_s: float, at: int, slot: int) -> None:
        zone = self._zones[at]
        size = 1 + int(np.searchsorted(np.cumsum(zone.bursts), self._rng.random(), side="right"))
        others = sorted(self._up[at] - {slot})
        taken = self._rng.choice(len(others), min(size - 1, len(others)), replace=False).tolist() if size > 1 and others else []
        self._go(now_s, at, (slot, *(others[index] for index in taken)))

    def _shock(self, now_s: float) -> None:
        assert self._shocks is not None
        for at in range(len(self._zones)):
            up = sorted(self._up[at])
            lost = [slot for slot, draw in zip(up, self._rng.random(len(up)).tolist(), strict=True) if draw < self._shocks.share]
            if lost:
                self._go(now_s, at, tuple(lost))
        self._push(now_s + self._rng.exponential(DAY_S / self._shocks.per_day), "shock", 0, ())

    def _go(self, now_s: float, at: int, slots: tuple[int, ...]) -> None:
        self._up[at] -= set(slots)
        self._push(now_s + float(self._zones[at].down.draw_s(1, self._rng)[0]), "come", at, slots)
        self._note(now_s, at)

    def _note(self, now_s: float, at: int) -> None:
        times, counts = self._changes[at]
        times.append(now_s)
        counts.append(len(self._up[at]))
