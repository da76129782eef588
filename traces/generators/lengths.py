"""Lengths of prompts and answers: from stated quantiles, lognormal, lognormal with a Pareto tail, exponential."""

from itertools import pairwise
from math import log
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from traces.options import Finite, Part, Positive, Tokens
from traces.tables import Floats, Ints

SLICES = 1 << 16


class Quantiles(Part):
    """Drawn from stated quantiles, with straight lines between them on a logarithmic scale of tokens.

    Where a lognormal is fitted to the Azure conversation trace, its 99th percentile of input is more than twice the real one; this
    form meets each stated quantile.

    Args:
        levels: rising from 0 to 1, at least two.
        tokens: at each level, not falling.
    """

    kind: Literal["quantiles"]
    levels: Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=2)]
    tokens: list[Tokens]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.levels[0] != 0 or self.levels[-1] != 1 or any(low >= high for low, high in pairwise(self.levels)):
            raise ValueError(f"levels must rise from 0 to 1; found {self.levels}")
        if len(self.tokens) != len(self.levels):
            raise ValueError(f"tokens must have one value for each of the {len(self.levels)} levels; found {len(self.tokens)}")
        if any(low > high for low, high in pairwise(self.tokens)):
            raise ValueError(f"tokens must not fall from one level to the next; found {self.tokens}")
        return self

    def draw(self, count: int, rng: np.random.Generator) -> Ints:
        """Lengths, at least 1. Shape (count,)."""
        # A table of equal slices is four times as fast as interpolating each draw, and 65,536 of them resolve any stated level.
        middle = (np.arange(SLICES) + 0.5) / SLICES
        table = np.rint(np.exp(np.interp(middle, self.levels, np.log(self.tokens)))).astype(np.int64)
        return np.asarray(table[rng.integers(0, SLICES, count, dtype=np.uint16)])


class Lognormal(Part):
    """Lognormal, cut off at a largest value.

    Args:
        log_mean: mean of ln(tokens).
        log_sigma: standard deviation of ln(tokens).
        most_tokens: longer ones are cut to this length.
    """

    kind: Literal["lognormal"]
    log_mean: Finite
    log_sigma: Annotated[float, Field(ge=0, le=10)]
    most_tokens: Tokens

    def draw(self, count: int, rng: np.random.Generator) -> Ints:
        """Lengths, at least 1. Shape (count,)."""
        return _whole(rng.lognormal(self.log_mean, self.log_sigma, count), self.most_tokens)


class ParetoLognormal(Part):
    """Lognormal for most and Pareto for the long ones, as ServeGen fits prompts.

    Args:
        log_mean, log_sigma, most_tokens: as of `Lognormal`, whose cut also holds for the tail.
        tail_share: of the lengths that are of the tail.
        tail_from_tokens: shortest length of the tail.
        tail_exponent: P(longer than x) = (tail_from_tokens / x) ^ tail_exponent.
    """

    kind: Literal["pareto_lognormal"]
    log_mean: Finite
    log_sigma: Annotated[float, Field(ge=0, le=10)]
    most_tokens: Tokens
    tail_share: Annotated[float, Field(ge=0, le=1)]
    tail_from_tokens: Tokens
    tail_exponent: Positive

    def draw(self, count: int, rng: np.random.Generator) -> Ints:
        """Lengths, at least 1. Shape (count,)."""
        body = rng.lognormal(self.log_mean, self.log_sigma, count)
        tail = rng.random(count) < self.tail_share
        body[tail] = np.exp(log(self.tail_from_tokens) + rng.standard_exponential(int(tail.sum())) / self.tail_exponent)
        return _whole(body, self.most_tokens)


class Exponential(Part):
    """Exponential, as ServeGen fits answers.

    Args:
        mean_tokens: before rounding and the cut.
        most_tokens: longer ones are cut to this length.
    """

    kind: Literal["exponential"]
    mean_tokens: Positive
    most_tokens: Tokens

    def draw(self, count: int, rng: np.random.Generator) -> Ints:
        """Lengths, at least 1. Shape (count,)."""
        return _whole(rng.exponential(self.mean_tokens, count), self.most_tokens)


Lengths = Annotated[Quantiles | Lognormal | ParetoLognormal | Exponential, Field(discriminator="kind")]


def _whole(tokens: Floats, largest: int) -> Ints:
    # In place, since each pass over fresh memory costs as much as the draw.
    np.rint(tokens, out=tokens)
    np.clip(tokens, 1, largest, out=tokens)
    return tokens.astype(np.int64)
