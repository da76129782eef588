"""A co-tenant on the same GPUs that takes memory for a while and gives it back."""

from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from traces.generators.on_off import on_off
from traces.hardware import HardwareSeries
from traces.options import Generated, Positive, check_duration

Share = Annotated[float, Field(ge=0, le=1)]


class CoTenant(Generated):
    """Another process on each instance, independent of those on others: it is absent, then takes a share of every GPU's memory.

    Args:
        mean_absent_s, mean_present_s: mean lengths of the two states, both exponential; an instance starts without it.
        least_taken_share, most_taken_share: of each GPU's memory; drawn uniformly anew whenever it comes.
    """

    mean_absent_s: Positive
    mean_present_s: Positive
    least_taken_share: Share
    most_taken_share: Share

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.most_taken_share < self.least_taken_share:
            raise ValueError(f"most_taken_share ({self.most_taken_share:g}) is below least_taken_share ({self.least_taken_share:g})")
        return self

    def hardware(self, duration_s: float, gpus: int, rng: np.random.Generator) -> HardwareSeries | None:
        """One instance from time 0 to `duration_s`; see `traces.sources.HardwareSource`."""
        check_duration(type(self).__name__, duration_s)
        times, shares = [0.0], [0.0]
        for comes_s, goes_s in on_off(duration_s, self.mean_absent_s, self.mean_present_s, rng):
            share = rng.uniform(self.least_taken_share, self.most_taken_share)
            times += [comes_s, goes_s]
            shares += [share, 0.0]
        return HardwareSeries(np.array(times), np.repeat(np.array(shares)[:, None], gpus, axis=1))
