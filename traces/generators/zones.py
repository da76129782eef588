"""A spot market of several zones whose availability, run lengths and correlations are as stated.

Each zone is up while a hidden standard normal process is below a threshold (a thresholded, or dichotomised, Gaussian process):

    X_zone = sqrt(a) * G + sqrt(w - a) * R_region + sqrt(1 - w) * (sqrt(s) * S_zone + sqrt(1 - s) * F_zone)

G is common to all zones, R to the zones of a region, S (slow) and F (fast) belong to the zone; all are independent stationary
Ornstein-Uhlenbeck processes. A rise of G or R is a shock that takes several zones down at once. Four choices make it fit:

- the threshold gives the availability;
- w and a give the mean correlation of two zones within a region and across regions;
- s, one a zone, gives the probability that the zone goes down within a step, and so its mean up-run; its mean down-run follows
  as mean_up * (1 - availability) / availability;
- the memories of the processes shape the runs: slow and fast parts together give the wide, lognormal-like spread that was
  measured.

The process is stationary, so time 0 is no special moment. It is seen every `step_s`; each region has its own phase, so that
regions do not change at the same instants while the zones of one region do.
"""

from functools import cached_property
from math import ceil
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from traces.changes import change_points
from traces.errors import TraceError
from traces.generators.hidden import HiddenMarket, Memory, ZoneTarget, fit_hidden
from traces.generators.priced_zone import HOUR_S, PricedMarket, PricedZone
from traces.options import Positive, check_duration
from traces.tables import SpotTrace

Correlation = Annotated[float, Field(ge=0, lt=1)]


class Zone(PricedZone):
    """One zone of the market, with the arguments of `PricedZone` and two more.

    Args:
        availability: share of the time in which a spot instance can run.
        mean_up_h: mean hours from the start of such a time to its end.
    """

    availability: Annotated[float, Field(gt=0, lt=1)]
    mean_up_h: Positive


class CorrelatedZones(PricedMarket):
    """Zones that are up (capacity 1) or down (capacity 0) and whose prices drift slowly, whatever the capacity does.

    Args:
        zones: at least one, by name.
        within_region_correlation: mean correlation of the states of two zones of one region, in [0, 1).
        across_region_correlation: the same for two zones of different regions.
        step_s: shortest time in which a zone can change; runs are multiples of it.
        region_memory_h: time after which a shock to a region (or to all) has faded to 1/e.
        slow_memory_h: the same for the slow part of a zone's own state.
        fast_memory_h: the same for the fast part.
    """

    zones: Annotated[dict[str, Zone], Field(min_length=1)]
    within_region_correlation: Correlation
    across_region_correlation: Correlation
    step_s: Positive
    region_memory_h: Positive
    slow_memory_h: Positive
    fast_memory_h: Positive

    @model_validator(mode="after")
    def _possible(self) -> Self:
        problems = []
        if self.slow_memory_h <= self.fast_memory_h:
            problems.append(f"slow_memory_h ({self.slow_memory_h:g}) must be above fast_memory_h ({self.fast_memory_h:g})")
        problems += [
            f"zones.{name}.mean_up_h ({zone.mean_up_h:g} h) must be longer than step_s ({self.step_s:g} s)"
            for name, zone in self.zones.items()
            if zone.mean_up_h * HOUR_S <= self.step_s
        ]
        if not problems:
            try:
                _ = self._hidden
            except TraceError as error:
                problems = list(error.problems)
        if problems:
            raise TraceError(*(f"{type(self).__name__}: {problem}" for problem in problems))
        return self

    @cached_property
    def _hidden(self) -> HiddenMarket:
        targets = [ZoneTarget(name, zone.region, zone.availability, zone.mean_up_h) for name, zone in self.zones.items()]
        memory = Memory(self.region_memory_h, self.slow_memory_h, self.fast_memory_h, self.step_s / HOUR_S)
        return fit_hidden(targets, self.within_region_correlation, self.across_region_correlation, memory)

    def spot(self, duration_s: float, rng: np.random.Generator) -> SpotTrace:
        """The market from time 0 to `duration_s`; see `traces.sources.SpotSource`.

        A longer market begins with a shorter one made from the same generator state.
        """
        check_duration(type(self).__name__, duration_s)
        phase_rng, state_rng, price_rng = rng.spawn(3)
        hidden = self._hidden
        states = hidden.states(ceil(duration_s / self.step_s) + 1, state_rng)
        phase_s = (1 - phase_rng.random(max(hidden.region) + 1)) * self.step_s
        price_time_s, levels = self._price_levels(len(self.zones), duration_s, price_rng)
        series = []
        for index, (name, zone) in enumerate(self.zones.items()):
            state_time_s = np.concatenate(([0.0], phase_s[hidden.region[index]] + np.arange(len(states) - 1) * self.step_s))
            up, price = states[:, index].astype(np.int64), zone.prices(levels[:, index])
            series.append(change_points(name, zone.region, state_time_s, up, price_time_s, price, duration_s))
        return SpotTrace(tuple(series), duration_s, (self.source,)).check()
