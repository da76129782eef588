"""What zones of every generated market have: a region, and a price that drifts and has nothing to do with capacity."""

from math import ceil, exp
from statistics import NormalDist
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from traces.generators.gaussian import correlated_paths
from traces.options import Generated, Part, Positive, Text
from traces.tables import Floats

HOUR_S = 3600.0
Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PricedZone(Part):
    """One zone of a market.

    Args:
        region: the region it lies in; zones of a region fail together more often.
        price_low_usd_per_h: lowest spot price.
        price_mean_usd_per_h: mean spot price.
        price_high_usd_per_h: highest spot price.
    """

    region: Text
    price_low_usd_per_h: Usd
    price_mean_usd_per_h: Usd
    price_high_usd_per_h: Usd

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, mean, high = self.price_low_usd_per_h, self.price_mean_usd_per_h, self.price_high_usd_per_h
        if not (low < mean < high or low == mean == high):
            raise ValueError(f"prices must satisfy low < mean < high, or all be equal; found {low:g}, {mean:g}, {high:g}")
        return self

    def prices(self, level: Floats) -> Floats:
        """Prices between low and high, with the stated mean, for standard normal levels."""
        low, mean, high = self.price_low_usd_per_h, self.price_mean_usd_per_h, self.price_high_usd_per_h
        if low == high:
            return np.full(len(level), low)
        uniform = np.array([NormalDist().cdf(value) for value in level.tolist()])
        return np.asarray(low + (high - low) * uniform ** ((high - mean) / (mean - low)))


class PricedMarket(Generated):
    """Base of a generated market: how its prices move.

    Args:
        price_step_s: time between two changes of a price.
        price_memory_h: time after which a price's deviation has faded to 1/e.
    """

    price_step_s: Positive
    price_memory_h: Positive

    def _price_levels(self, zones: int, duration_s: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Times of the changes, shape (k,), and standard normal levels of each zone's price, shape (k, zones)."""
        memory = np.full(zones, exp(-self.price_step_s / HOUR_S / self.price_memory_h))
        levels = correlated_paths(ceil(duration_s / self.price_step_s), memory, rng)
        return np.arange(len(levels), dtype=np.float64) * self.price_step_s, levels
