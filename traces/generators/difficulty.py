"""How hard what is asked is."""

from __future__ import annotations

from math import sqrt
from typing import Annotated

import numpy as np
from pydantic import Field

from traces.options import Part, Positive
from traces.tables import Floats, Ints


class Difficulty(Part):
    """A Beta distribution in [0, 1], which may go with the length of the answer.

    Args:
        alpha, beta: of the distribution; (1, 1) is uniform.
        with_output: correlation of the normal scores of difficulty and answer length (a Gaussian copula); 0 for none.
    """

    alpha: Positive
    beta: Positive
    with_output: Annotated[float, Field(ge=-1, le=1)] = 0.0

    def draw(self, output_tokens: Ints, rng: np.random.Generator) -> Floats:
        """Difficulties. Shape as `output_tokens`."""
        count = len(output_tokens)
        if not self.with_output:
            return rng.beta(self.alpha, self.beta, count)
        from scipy.special import betaincinv, ndtr, ndtri

        # Ties are broken by chance, so that equal lengths do not make equal difficulties.
        order = np.lexsort((rng.random(count), output_tokens))
        rank = np.empty(count)
        rank[order] = (np.arange(count) + 0.5) / count
        score = self.with_output * ndtri(rank) + sqrt(1 - self.with_output**2) * rng.standard_normal(count)
        return np.asarray(betaincinv(self.alpha, self.beta, ndtr(score)))
