"""Traffic made of stated parts: gaps, a rate that changes, lengths of prompts and answers.

Input and output lengths are drawn independently of each other and of the arrivals: in the published traces their correlation lies
between -.11 and .07.
"""

from collections.abc import Iterator

import numpy as np
from pydantic import Field

from traces.errors import TraceError
from traces.generators.gaps import Gaps
from traces.generators.lengths import Lengths
from traces.generators.rate import RateShape, expected_arrivals
from traces.options import Generated, Positive, check_duration
from traces.tables import RequestTrace


class Traffic(Generated):
    """Requests that arrive by a renewal process on a clock that runs faster when the rate is high.

    Args:
        rate_rps: mean arrivals a second, before the shapes.
        gaps: distribution of the gaps at constant rate.
        rate: how the rate changes; the factors of all shapes multiply. None of them for a constant rate.
        input: lengths of prompts.
        output: lengths of answers, reasoning included.
    """

    rate_rps: Positive
    gaps: Gaps
    rate: list[RateShape] = Field(default_factory=list)
    input: Lengths
    output: Lengths

    def requests(self, duration_s: float, rng: np.random.Generator) -> Iterator[RequestTrace]:
        """Requests that arrive in [0, `duration_s`); see `traces.sources.TrafficSource`."""
        check_duration(type(self).__name__, duration_s)
        edge_s, expected = expected_arrivals(duration_s, self.rate_rps, self.rate, rng)
        clock = self.gaps.times(float(expected[-1]), rng)
        if not len(clock):
            raise TraceError(f"{self.name}: no request arrives in {duration_s:g} s at {self.rate_rps:g} requests/s; make the run longer")
        arrival_s = np.asarray(np.interp(clock, expected, edge_s))
        inputs, outputs = (lengths.draw(len(arrival_s), rng) for lengths in (self.input, self.output))
        yield RequestTrace(arrival_s, inputs, outputs, (self.source,)).check()
