"""Latency distributions of completed requests as quantiles, by contender and tier."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cloudsim.metrics.tables import STATUSES
from cloudsim.report.over_time import codes

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
LATENCIES = ("ttft_s", "tpot_s", "e2e_s")
QUANTILES: Floats = np.concatenate([np.linspace(0, 0.99, 331), np.linspace(0.99, 1, 71)[1:]])
"""Where the curves are sampled: denser in the last per cent, where promises break. Shape (401,)."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One latency of one contender, all replications together.

    Args:
        tier: the tier, or None for all.
        quantiles_s: seconds at `QUANTILES`, shape (401,); empty if no request has this latency.
        completed: requests in the curve.
        left_out: other requests of the same contender and tier by status, and completed ones without this latency
            (an answer of one token has no TPOT) as "one token".
    """

    contender: str
    tier: str | None
    latency: str
    quantiles_s: Floats
    completed: int
    left_out: dict[str, int]


def latency_info(requests: "pd.DataFrame", contenders: Sequence[str], tiers: Sequence[str]) -> list[Curve]:
    """Curves of every contender and latency, for all tiers together and for each."""
    owner, tier, status = (codes(requests[c], w) for c, w in (("contender", contenders), ("tier", tiers), ("status", STATUSES)))
    values = _latencies(requests)
    curves = []
    for i, name in enumerate(contenders):
        mine = owner == i
        tier_mine, status_mine = tier[mine], status[mine]
        done = status_mine == STATUSES.index("completed")
        tier_done = tier_mine[done]
        for latency in LATENCIES:
            value = values[latency][mine][done]
            for at in range(-1, len(tiers)):
                chosen = value if at < 0 else value[tier_done == at]
                there = np.sort(chosen[np.isfinite(chosen)])
                number = np.bincount(status_mine if at < 0 else status_mine[tier_mine == at], minlength=len(STATUSES))
                left = {word: int(n) for word, n in zip(STATUSES, number, strict=True) if word != "completed" and n}
                if len(chosen) > len(there):
                    left["one token"] = len(chosen) - len(there)
                curves.append(Curve(name, None if at < 0 else tiers[at], latency, quantiles(there), len(there), left))
    return curves


def _latencies(requests: "pd.DataFrame") -> dict[str, Floats]:
    arrival, first, done = (requests[name].to_numpy(dtype=np.float64) for name in ("arrival_s", "first_token_s", "done_s"))
    later = requests["generated_tokens"].to_numpy(dtype=np.float64) - 1
    tpot = np.divide(done - first, later, out=np.full(len(later), np.nan), where=later > 0)
    return {"ttft_s": first - arrival, "tpot_s": tpot, "e2e_s": done - arrival}


def quantiles(ascending: Floats) -> Floats:
    """`QUANTILES` of sorted values, with linear interpolation; empty without values."""
    if len(ascending) == 0:
        return ascending
    place = QUANTILES * (len(ascending) - 1)
    below = place.astype(np.int64)
    above = np.minimum(below + 1, len(ascending) - 1)
    return np.asarray(ascending[below] + (place - below) * (ascending[above] - ascending[below]))
