"""How the rate of arrivals changes over time: factors on the mean rate, by minute, that multiply."""

from collections.abc import Sequence
from math import ceil, exp
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from traces.generators.gaussian import correlated_paths
from traces.options import Part, Positive
from traces.tables import Floats

MINUTE_S = 60.0
DAY_MINUTES = 1440
SHORTEST_DRIFT_MINUTES = 58
DRIFT_MEMORY_MINUTES = 20.0
Factor = Annotated[float, Field(ge=0, le=100)]


class Drift(Part):
    """A rate that drifts by chance.

    The logarithm of the rate is a first-order autoregressive process with a memory of 20 minutes, stretched so that its mean is 1
    and its highest minute is `peak_minute_ratio`. The memory is the one that gives neighbouring minutes of a window of 58 minutes the
    correlation they have in the Azure conversation trace, .82. Windows shorter than that trace are cut from one of its length.

    Args:
        peak_minute_ratio: expected arrivals of the busiest minute over those of the mean minute. The highest *count* of a minute lies a
            little above it, by chance.
    """

    kind: Literal["drift"]
    peak_minute_ratio: Annotated[float, Field(ge=1, le=20)]

    def factors(self, minutes: int, rng: np.random.Generator) -> Floats:
        """Rate of each minute over the mean rate; shape (minutes,), every value above 0."""
        if self.peak_minute_ratio == 1:
            return np.ones(minutes)
        memory = np.array([exp(-1 / DRIFT_MEMORY_MINUTES)])
        level = correlated_paths(max(minutes, SHORTEST_DRIFT_MINUTES), memory, rng)[:, 0]
        level -= level.max()
        # max / mean of exp(stretch * level) is 1 / mean, and rises with the stretch from 1 to the number of minutes.
        low, high = 0.0, 1.0
        while 1 / np.exp(high * level).mean() < self.peak_minute_ratio:
            high *= 2
        for _ in range(60):
            stretch = (low + high) / 2
            low, high = (stretch, high) if 1 / np.exp(stretch * level).mean() < self.peak_minute_ratio else (low, stretch)
        rate = np.exp(high * level)
        return np.asarray(rate / rate.mean())[:minutes]


class Hours(Part):
    """A day's rise and fall, with straight lines from one hour's middle to the next, the same every day.

    Args:
        hourly: rate of each hour of the day over the mean rate; scaled so that their mean is 1. 24 values.
        start_hour: of the day at time 0.
    """

    kind: Literal["hours"]
    hourly: Annotated[list[Factor], Field(min_length=24, max_length=24)]
    start_hour: Annotated[float, Field(ge=0, lt=24)] = 0.0

    def factors(self, minutes: int, rng: np.random.Generator) -> Floats:
        """As of `Drift`; `rng` is not used."""
        hour = (self.start_hour + (np.arange(minutes) + 0.5) / 60) % 24
        values = np.array(self.hourly) / np.mean(self.hourly)
        return np.asarray(np.interp(hour, np.arange(-1, 25) + 0.5, np.concatenate((values[-1:], values, values[:1]))))


class Days(Part):
    """The days of a week.

    Args:
        daily: rate of each day over the mean rate, the first one that of time 0; scaled so that their mean is 1. 7 values.
    """

    kind: Literal["days"]
    daily: Annotated[list[Factor], Field(min_length=7, max_length=7)]

    def factors(self, minutes: int, rng: np.random.Generator) -> Floats:
        """As of `Drift`; `rng` is not used."""
        values = np.array(self.daily) / np.mean(self.daily)
        return np.asarray(values[np.arange(minutes) // DAY_MINUTES % 7])


class FlashCrowd(Part):
    """A crowd that comes at one time and goes: requests besides the others, so that the mean rate rises.

    Args:
        at_s: when the rate is highest.
        ratio: highest rate over the rate without the crowd, above 1.
        rise_s: time in which it rises, in a straight line.
        fade_s: time in which it has fallen to 1/e of what the crowd adds.
    """

    kind: Literal["flash_crowd"]
    at_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    ratio: Annotated[float, Field(gt=1, le=1000)]
    rise_s: Positive
    fade_s: Positive

    def factors(self, minutes: int, rng: np.random.Generator) -> Floats:
        """As of `Drift`; `rng` is not used."""
        time_s = (np.arange(minutes) + 0.5) * MINUTE_S - self.at_s
        before = np.clip(1 + time_s / self.rise_s, 0.0, 1.0)
        after = np.exp(-np.maximum(time_s, 0.0) / self.fade_s)
        return np.asarray(1 + (self.ratio - 1) * np.where(time_s < 0, before, after))


Shape = Drift | Hours | Days | FlashCrowd
RateShape = Annotated[Shape, Field(discriminator="kind")]


def expected_arrivals(duration_s: float, rate_rps: float, shapes: Sequence[Shape], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Times and the number of requests expected until then, with straight lines between.

    Args:
        duration_s: the last time.
        rate_rps: requests a second, before the shapes.
        shapes: whose factors multiply.
        rng: source of chance.

    Returns:
        Two arrays of shape (minutes + 1,), rising, that begin at 0.
    """
    minutes = ceil(duration_s / MINUTE_S)
    factor = np.ones(minutes)
    for shape in shapes:
        factor *= shape.factors(minutes, rng)
    edge_s = np.minimum(np.arange(minutes + 1) * MINUTE_S, duration_s)
    return edge_s, np.concatenate(([0.0], np.cumsum(factor * np.diff(edge_s) * rate_rps)))
