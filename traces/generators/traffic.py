"""Traffic made from a few statistics: Gamma arrivals with a slowly varying rate, and lengths.

Input and output lengths are drawn independently of each other and of the arrivals: in the published traces their correlation lies
between -.11 and .07.
"""

from itertools import pairwise
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from traces.errors import TraceError
from traces.generators.arrivals import arrival_times
from traces.options import Finite, Generated, Positive, Tokens, check_duration
from traces.tables import Floats, Ints, RequestTrace

QUANTILE_SLICES = 1 << 16


class GeneratedTraffic(Generated):
    """What every generator of traffic has: its arrivals.

    Args:
        rate_rps: mean arrivals a second.
        gap_cv: coefficient of variation of the gaps at constant rate; 1 is a Poisson process.
        peak_minute_ratio: expected arrivals of the busiest minute over those of the mean minute, or null for a constant rate.
            The highest *count* of a minute lies a little above it, by chance.
    """

    rate_rps: Positive
    gap_cv: Annotated[float, Field(gt=0, le=30)]
    peak_minute_ratio: Annotated[float, Field(ge=1, le=20)] | None

    def _arrivals(self, duration_s: float, rng: np.random.Generator) -> Floats:
        check_duration(type(self).__name__, duration_s)
        arrival_s = arrival_times(duration_s, self.rate_rps, self.gap_cv, self.peak_minute_ratio, rng)
        if not len(arrival_s):
            raise TraceError(f"{self.name}: no request arrives in {duration_s:g} s at {self.rate_rps:g} requests/s; make the run longer")
        return arrival_s

    def _table(self, arrival_s: Floats, input_tokens: Ints, output_tokens: Ints) -> RequestTrace:
        return RequestTrace(arrival_s, input_tokens, output_tokens, (self.source,)).check()


class QuantileTraffic(GeneratedTraffic):
    """Lengths drawn from stated quantiles, with straight lines between them on a logarithmic scale of tokens.

    Where a lognormal is fitted to the Azure conversation trace, its 99th percentile of input is more than twice the real one;
    this form meets each stated quantile.

    Args:
        quantile_levels: rising from 0 to 1, at least two.
        input_tokens: prompt tokens at each level, not falling, at least 1.
        output_tokens: answer tokens at each level, not falling, at least 1.
    """

    quantile_levels: Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=2)]
    input_tokens: list[Tokens]
    output_tokens: list[Tokens]

    @model_validator(mode="after")
    def _quantiles(self) -> Self:
        problems = []
        levels = self.quantile_levels
        if levels[0] != 0 or levels[-1] != 1 or any(low >= high for low, high in pairwise(levels)):
            problems.append(f"quantile_levels must rise from 0 to 1; found {levels}")
        for key, tokens in (("input_tokens", self.input_tokens), ("output_tokens", self.output_tokens)):
            if len(tokens) != len(levels):
                problems.append(f"{key} must have one value for each of the {len(levels)} quantile_levels; found {len(tokens)}")
            elif any(low > high for low, high in pairwise(tokens)):
                problems.append(f"{key} must not fall from one level to the next; found {tokens}")
        if problems:
            raise TraceError(*(f"{type(self).__name__}: {problem}" for problem in problems))
        return self

    def requests(self, duration_s: float, rng: np.random.Generator) -> RequestTrace:
        """Requests that arrive in [0, `duration_s`); see `traces.sources.TrafficSource`."""
        arrival_s = self._arrivals(duration_s, rng)
        inputs, outputs = (self._lengths(tokens, len(arrival_s), rng) for tokens in (self.input_tokens, self.output_tokens))
        return self._table(arrival_s, inputs, outputs)

    def _lengths(self, tokens: list[int], count: int, rng: np.random.Generator) -> Ints:
        # A table of equal slices is four times as fast as interpolating each draw, and 65,536 of them resolve any stated level.
        middle = (np.arange(QUANTILE_SLICES) + 0.5) / QUANTILE_SLICES
        table = np.rint(np.exp(np.interp(middle, self.quantile_levels, np.log(tokens)))).astype(np.int64)
        return np.asarray(table[rng.integers(0, QUANTILE_SLICES, count, dtype=np.uint16)])


class LognormalTraffic(GeneratedTraffic):
    """Lognormal lengths, cut off at a largest value.

    Args:
        input_log_mean: mean of ln(prompt tokens).
        input_log_sigma: standard deviation of ln(prompt tokens).
        output_log_mean: mean of ln(answer tokens).
        output_log_sigma: standard deviation of ln(answer tokens).
        max_input_tokens: longer prompts are cut to this length.
        max_output_tokens: longer answers are cut to this length.
    """

    input_log_mean: Finite
    input_log_sigma: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    output_log_mean: Finite
    output_log_sigma: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    max_input_tokens: Tokens
    max_output_tokens: Tokens

    def requests(self, duration_s: float, rng: np.random.Generator) -> RequestTrace:
        """Requests that arrive in [0, `duration_s`); see `traces.sources.TrafficSource`."""
        arrival_s = self._arrivals(duration_s, rng)
        count = len(arrival_s)
        inputs = _whole(rng.lognormal(self.input_log_mean, self.input_log_sigma, count), self.max_input_tokens)
        outputs = _whole(rng.lognormal(self.output_log_mean, self.output_log_sigma, count), self.max_output_tokens)
        return self._table(arrival_s, inputs, outputs)


def _whole(tokens: Floats, largest: int) -> Ints:
    return np.clip(np.rint(tokens), 1, largest).astype(np.int64)
