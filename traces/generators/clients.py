"""Traffic composed of many clients, each with a rate, gaps and lengths of its own.

Real traffic is a sum over clients whose rates differ by orders of magnitude (ServeGen, arXiv:2505.09999): its burstiness and the shift of
its lengths come from the few that are large.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from traces.blocks import joined
from traces.errors import TraceError
from traces.generators.gaps import Gaps, stationary_times
from traces.generators.lengths import Lengths
from traces.generators.rate import RateShape, expected_arrivals
from traces.options import Generated, Part, Positive, Text, check_duration
from traces.tables import Floats, Ints, RequestTrace

if TYPE_CHECKING:
    import pyarrow as pa


class ClientGroup(Part):
    """Clients of one kind.

    Args:
        count: how many.
        rate_rps: arrivals a second of all of them together.
        skew: the r-th has a share of the rate in proportion to r ^ -skew; 0 for all alike.
        gaps, rate, input, output: as of `Traffic`, each client's own; a drift is drawn for each.
        length_spread: standard deviation of the logarithm of a factor on all lengths of a client, of median 1.
        tier: that its requests belong to; None says nothing.
    """

    count: Annotated[int, Field(ge=1, le=1_000_000)]
    rate_rps: Positive
    skew: Annotated[float, Field(ge=0, le=10)] = 0.0
    gaps: Gaps
    rate: list[RateShape] = Field(default_factory=list)
    input: Lengths
    output: Lengths
    length_spread: Annotated[float, Field(ge=0, le=3)] = 0.0
    tier: Text | None = None

    def drawn(self, duration_s: float, rng: np.random.Generator) -> tuple[Floats, Ints, Ints]:
        """Arrivals, input and output of the group, in no order."""
        weights = np.arange(1.0, self.count + 1) ** -self.skew
        arrivals: list[Floats] = []
        inputs: list[Ints] = []
        outputs: list[Ints] = []
        for share in (weights / weights.sum()).tolist():
            edge_s, expected = expected_arrivals(duration_s, self.rate_rps * share, self.rate, rng)
            clock = stationary_times(self.gaps, float(expected[-1]), rng)
            factor = np.exp(self.length_spread * rng.standard_normal(2))
            arrivals.append(np.asarray(np.interp(clock, expected, edge_s)))
            for made, lengths, by in ((inputs, self.input, factor[0]), (outputs, self.output, factor[1])):
                tokens = lengths.draw(len(clock), rng)
                made.append(np.maximum(np.rint(tokens * by), 1).astype(np.int64) if self.length_spread else tokens)
        return np.concatenate(arrivals), np.concatenate(inputs), np.concatenate(outputs)


class Clients(Generated):
    """Requests of all clients of all groups.

    Args:
        groups: at least one, by name.
    """

    groups: Annotated[dict[Text, ClientGroup], Field(min_length=1)]

    def requests(self, duration_s: float, rng: np.random.Generator) -> Iterator[RequestTrace]:
        """Requests that arrive in [0, `duration_s`); see `traces.sources.TrafficSource`."""
        check_duration(type(self).__name__, duration_s)
        tables = []
        for group, chance in zip(self.groups.values(), rng.spawn(len(self.groups)), strict=True):
            columns = group.drawn(duration_s, chance)
            tables.append(RequestTrace(*columns, (self.source,), _tier(group.tier, len(columns[0]))))
        whole = joined(tables)
        if not len(whole):
            raise TraceError(f"{self.name}: no request arrives in {duration_s:g} s; make the run longer")
        yield whole.take(np.argsort(whole.arrival_s, kind="stable")).check()


def _tier(name: str | None, count: int) -> dict[str, pa.Array]:
    if name is None:
        return {}
    import pyarrow as pa

    return {"tier": pa.repeat(name, count)}
