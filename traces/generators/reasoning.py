"""How much of an answer is reasoning."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from traces.options import Part, Positive
from traces.tables import Ints

Inside = Annotated[float, Field(gt=0, lt=1)]


class Reasoning(Part):
    """Some requests reason; the share of their answers that is reasoning follows a Beta distribution.

    Args:
        requests_share: of the requests, those that reason at all.
        mean_share: mean share of the answer.
        concentration: of the Beta distribution, alpha + beta; the higher, the more alike.
    """

    requests_share: Annotated[float, Field(ge=0, le=1)]
    mean_share: Inside
    concentration: Positive

    def draw(self, output_tokens: Ints, rng: np.random.Generator) -> Ints:
        """Tokens of reasoning, at most one less than the answer has. Shape as `output_tokens`."""
        count = len(output_tokens)
        share = rng.beta(self.mean_share * self.concentration, (1 - self.mean_share) * self.concentration, count)
        share[rng.random(count) >= self.requests_share] = 0.0
        return np.asarray(np.minimum(np.rint(share * output_tokens), output_tokens - 1).astype(np.int64))
