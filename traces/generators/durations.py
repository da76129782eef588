"""How long something lasts: exponential, lognormal, Weibull, or a bathtub that ends at a cap."""

from math import exp, gamma, log
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from traces.options import Finite, Part, Positive
from traces.tables import Floats

HOUR_S = 3600.0
TABLE = 4096


class ExponentialDuration(Part):
    """Ends at any moment with the same probability.

    Args:
        mean_h: mean hours.
    """

    kind: Literal["exponential"]
    mean_h: Positive

    def draw_s(self, count: int, rng: np.random.Generator) -> Floats:
        """Seconds, above 0. Shape (count,)."""
        return rng.exponential(self.mean_h * HOUR_S, count)


class LognormalDuration(Part):
    """Lognormal, which fits the runs of the SkyNomad trace best.

    Args:
        log_mean: mean of ln(hours).
        log_sigma: standard deviation of ln(hours).
    """

    kind: Literal["lognormal"]
    log_mean: Finite
    log_sigma: Annotated[float, Field(ge=0, le=10)]

    @property
    def mean_h(self) -> float:
        """Mean hours."""
        return exp(self.log_mean + self.log_sigma**2 / 2)

    def draw_s(self, count: int, rng: np.random.Generator) -> Floats:
        """As of `ExponentialDuration`."""
        return np.asarray(rng.lognormal(self.log_mean, self.log_sigma, count) * HOUR_S)


class WeibullDuration(Part):
    """Weibull; with a shape below 1 what has lasted long lasts longer.

    Args:
        shape: k.
        scale_h: hours after which a share of 1 - 1/e has ended.
    """

    kind: Literal["weibull"]
    shape: Annotated[float, Field(ge=0.1, le=20)]
    scale_h: Positive

    @property
    def mean_h(self) -> float:
        """Mean hours."""
        return self.scale_h * gamma(1 + 1 / self.shape)

    def draw_s(self, count: int, rng: np.random.Generator) -> Floats:
        """As of `ExponentialDuration`."""
        return np.asarray(rng.weibull(self.shape, count) * self.scale_h * HOUR_S)


class BathtubDuration(Part):
    """Ends early or at the cap, as preemptible VMs do (Kadupitige et al. 2020, arXiv:1911.05160).

    F(t) = a (1 - exp(-t / early_h) + exp((t - cap_h) / late_h)), up to the time at which it is 1.

    Args:
        a: share of those that end early, in [0.1, 0.99].
        early_h: time constant of the losses at first.
        late_h: time constant of those at the cap.
        cap_h: near which the rest ends.
    """

    kind: Literal["bathtub"]
    a: Annotated[float, Field(ge=0.1, le=0.99)]
    early_h: Positive
    late_h: Positive
    cap_h: Positive

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.cap_h < 3 * self.late_h:
            raise ValueError(f"cap_h ({self.cap_h:g}) must be at least three times late_h ({self.late_h:g}), or it is no bathtub")
        return self

    def share_ended(self, hours: Floats) -> Floats:
        """F at each time; shape as `hours`."""
        return np.asarray(self.a * (1 - np.exp(-hours / self.early_h) + np.exp((hours - self.cap_h) / self.late_h)))

    @property
    def mean_h(self) -> float:
        """Mean hours."""
        level = (np.arange(TABLE) + 0.5) / TABLE
        return float(self._hours(level).mean())

    def draw_s(self, count: int, rng: np.random.Generator) -> Floats:
        """As of `ExponentialDuration`."""
        return np.asarray(self._hours(1 - rng.random(count)) * HOUR_S)

    def _hours(self, level: Floats) -> Floats:
        # F is 1 where the late losses make up for what the early ones lack: a (1 + exp((t - cap) / late)) = 1.
        longest = self.cap_h + self.late_h * log(1 / self.a - 1)
        hours = np.linspace(0.0, longest, TABLE)
        ended = self.share_ended(hours)
        return np.maximum(np.interp(level, ended / ended[-1], hours), 1e-3)


Duration = Annotated[ExponentialDuration | LognormalDuration | WeibullDuration | BathtubDuration, Field(discriminator="kind")]
