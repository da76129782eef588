"""The market: zones with a spot capacity and price over time, which grants instances and takes them back."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from simpy.events import Event

from cloudsim.clock import Clock
from cloudsim.config import ProviderConfig
from cloudsim.streams import stream
from traces.tables import SpotTrace, ZoneSeries


class Tenant(Protocol):
    """What holds a spot slot: a node."""

    def hint(self) -> None:
        """The market expects to take the slot back."""

    def notice(self, reclaim_at_s: float) -> None:
        """The slot is taken back at that time."""

    def reclaim(self) -> None:
        """The slot is gone."""


@dataclass(slots=True)
class Zone:
    """One zone: its series and who holds its slots. A slot is free again as soon as its holder has notice."""

    series: ZoneSeries
    capacity: int = 0
    price_usd_per_h: float = 0.0
    slots: dict[int, Tenant] = field(default_factory=dict)
    spent_usd: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        hours = np.diff(self.series.time_s) / 3600
        self.spent_usd = np.concatenate([[0.0], np.cumsum(self.series.price_usd_per_h[:-1] * hours)])

    def cost_usd(self, from_s: float, to_s: float) -> float:
        """Price of one instance over an interval: the integral of the price."""
        return self._cost_until_usd(to_s) - self._cost_until_usd(from_s)

    def _cost_until_usd(self, time_s: float) -> float:
        at = int(np.searchsorted(self.series.time_s, time_s, side="right")) - 1
        return float(self.spent_usd[at] + self.series.price_usd_per_h[at] * (time_s - self.series.time_s[at]) / 3600)


class Market:
    """Replays a spot trace on the clock.

    At a drop of capacity the holders of surplus slots get notice; which slots go first is drawn once for each drop, so that every
    contender that holds the same slot shares its fate. A provider's rebalance hint goes to some of the expected victims before it.

    Args:
        seed, replication: name the random numbers of this market.
    """

    def __init__(self, clock: Clock, trace: SpotTrace, provider: ProviderConfig, seed: int, replication: int) -> None:
        self._clock, self._provider = clock, provider
        self.zones = {series.zone: Zone(series) for series in trace.zones}
        for zone in self.zones.values():
            zone.capacity = int(zone.series.capacity[0])
            zone.price_usd_per_h = float(zone.series.price_usd_per_h[0])
            if len(zone.series.time_s) > 1:
                draws = stream(seed, replication, "market", zone.series.zone)
                clock.process(self._replay(zone, draws))

    def grant(self, zone_name: str, tenant: Tenant) -> bool:
        """Give `tenant` a slot in the zone, or refuse because it is full."""
        zone = self.zones[zone_name]
        if len(zone.slots) >= zone.capacity:
            return False
        slot = next(slot for slot in range(zone.capacity) if slot not in zone.slots)
        zone.slots[slot] = tenant
        return True

    def give_back(self, zone_name: str, tenant: Tenant) -> None:
        """A tenant leaves of its own accord; nothing happens if its slot is gone already."""
        slots = self.zones[zone_name].slots
        for slot, holder in list(slots.items()):
            if holder is tenant:
                del slots[slot]

    def _replay(self, zone: Zone, draws: np.random.Generator) -> Generator[Event, object, None]:
        series, lead_s = zone.series, self._provider.rebalance_lead_s
        most = int(series.capacity.max(initial=0))
        for at in range(1, len(series.time_s)):
            time_s, capacity = float(series.time_s[at]), int(series.capacity[at])
            order, hinted = draws.permutation(most), draws.random(most)  # drawn whether needed or not, so that streams stay aligned
            drop = capacity < int(series.capacity[at - 1])
            if drop and lead_s > 0 and time_s - lead_s > self._clock.now:
                yield self._clock.timeout(time_s - lead_s - self._clock.now)
                for slot in self._victims(zone, capacity, order):
                    if hinted[slot] < self._provider.rebalance_share:
                        zone.slots[slot].hint()
            yield self._clock.timeout(time_s - self._clock.now)
            zone.capacity, zone.price_usd_per_h = capacity, float(series.price_usd_per_h[at])
            for slot in self._victims(zone, capacity, order):
                self._take_back(zone.slots.pop(slot))
            if drop:  # survivors move up: slots are numbers below the capacity
                zone.slots = dict(enumerate(zone.slots[slot] for slot in sorted(zone.slots)))

    @staticmethod
    def _victims(zone: Zone, capacity: int, order: NDArray[np.int64]) -> list[int]:
        surplus = max(0, len(zone.slots) - capacity)
        return [int(slot) for slot in order if int(slot) in zone.slots][:surplus]

    def _take_back(self, tenant: Tenant) -> None:
        notice_s = self._provider.notice_s
        tenant.notice(self._clock.now + notice_s)
        if notice_s > 0:
            self._clock.process(self._reclaim_later(tenant, notice_s))
        else:
            tenant.reclaim()

    def _reclaim_later(self, tenant: Tenant, notice_s: float) -> Generator[Event, object, None]:
        yield self._clock.timeout(notice_s)
        tenant.reclaim()


def overlay(trace: SpotTrace, slots_per_zone: int, price_factor: float) -> SpotTrace:
    """Lay a trace over another instance type: each unit of capacity becomes `slots_per_zone` slots, prices are scaled."""
    zones = tuple(
        ZoneSeries(z.zone, z.region, z.time_s, z.capacity * slots_per_zone, z.price_usd_per_h * price_factor) for z in trace.zones
    )
    return SpotTrace(zones, trace.span_s, trace.sources)
