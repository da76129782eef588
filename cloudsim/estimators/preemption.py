"""How long a spot instance will live: learned from what was lost in each zone, or known from the market.

Both say seconds until the next loss. What is learned is in error: the lifetimes are taken to be exponential with one rate a zone, so a
market of bursts, of ageing instances or of regimes is described by its mean alone; and with L losses seen the rate itself is uncertain by a
factor of about 1 ± 1/sqrt(L + weight) (`relative_error`). What is known has no error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from cloudsim.contracts import ZoneRecord
from traces.tables import ZoneSeries


@dataclass(frozen=True, slots=True)
class LearnedLifetime:
    """Exponential lifetimes whose rate has a Gamma prior: rate = (weight + losses) / (weight · prior_s + held_s).

    Args:
        prior_s: mean lifetime believed before anything is seen, seconds, above 0.
        weight: losses that this belief is worth, above 0; it draws a zone that was seen little towards the belief.
    """

    prior_s: float
    weight: float

    def __post_init__(self) -> None:
        for name in ("prior_s", "weight"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above 0")

    def rate_per_s(self, record: ZoneRecord) -> float:
        """Expected losses a second of one instance in the zone."""
        return (self.weight + record.losses) / (self.weight * self.prior_s + record.held_s)

    def left_s(self, record: ZoneRecord) -> float:
        """Seconds that an instance will live, whatever its age."""
        return 1 / self.rate_per_s(record)

    def relative_error(self, record: ZoneRecord) -> float:
        """Standard deviation of the rate over its mean."""
        return 1 / sqrt(self.weight + record.losses)


class KnownLifetime:
    """The oracle: reads when the capacity of a zone falls below what is held there.

    Args:
        market: capacity of each zone over the run.
    """

    def __init__(self, market: Mapping[str, ZoneSeries]) -> None:
        self._market = market

    def left_s(self, zone: str, now_s: float, held: int) -> float:
        """Seconds until fewer than `held` instances fit the zone; 0 where they do not fit now, infinite where they do to the end."""
        series = self._market[zone]
        at = int(np.searchsorted(series.time_s, now_s, side="right")) - 1
        short = np.flatnonzero(series.capacity[at:] < held)
        return max(0.0, float(series.time_s[at + short[0]]) - now_s) if len(short) else inf
