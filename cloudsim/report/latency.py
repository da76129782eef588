"""Latency distributions of completed requests as quantiles, by contender and tier."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cloudsim.metrics.tables import STATUSES
from cloudsim.report.over_time import codes

if TYPE_CHECKING:
    import pandas as pd

    from cloudsim.results import RequestParts

Floats = NDArray[np.float64]
LATENCIES = ("ttft_s", "tpot_s", "e2e_s")
COLUMNS = ("tier", "status", "arrival_s", "first_token_s", "done_s", "generated_tokens")
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


def latency_info(requests: "RequestParts", contenders: Sequence[str], tiers: Sequence[str]) -> list[Curve]:
    """Curves of every contender and latency, for all tiers together and for each.

    Args:
        requests: `RunFolder.request_parts`.
    """
    curves = []
    for name in contenders:
        number, tier, values = _completed(requests(name, COLUMNS), tiers)
        for latency, value in values.items():
            for at in range(-1, len(tiers)):
                chosen = value if at < 0 else value[tier == at]
                there = np.sort(chosen[np.isfinite(chosen)])
                ended = number.sum(axis=0) if at < 0 else number[at]
                left = {word: int(n) for word, n in zip(STATUSES, ended, strict=True) if word != "completed" and n}
                if len(chosen) > len(there):
                    left["one token"] = len(chosen) - len(there)
                curves.append(Curve(name, None if at < 0 else tiers[at], latency, quantiles(there), len(there), left))
    return curves


def _completed(parts: "Iterable[pd.DataFrame]", tiers: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int8], dict[str, Floats]]:
    """How many requests ended how, shape (tiers, statuses); and of those that were completed the tier and the latencies, shape (n,)."""
    number = np.zeros((len(tiers), len(STATUSES)), dtype=np.int64)
    kept: list[tuple[NDArray[np.int8], list[Floats]]] = []
    for part in parts:
        tier, status = codes(part["tier"], tiers), codes(part["status"], STATUSES)
        number += np.bincount(tier * len(STATUSES) + status, minlength=number.size).reshape(number.shape)
        done = status == STATUSES.index("completed")
        kept.append((tier[done].astype(np.int8), _latencies(part[done])))
    tier_of = np.concatenate([np.zeros(0, np.int8), *(one for one, _ in kept)])
    columns = [np.concatenate([np.zeros(0), *(values[at] for _, values in kept)]) for at in range(len(LATENCIES))]
    return number, tier_of, dict(zip(LATENCIES, columns, strict=True))


def _latencies(requests: "pd.DataFrame") -> list[Floats]:
    """In the order of `LATENCIES`."""
    arrival, first, done = (requests[name].to_numpy(dtype=np.float64) for name in ("arrival_s", "first_token_s", "done_s"))
    later = requests["generated_tokens"].to_numpy(dtype=np.float64) - 1
    tpot = np.divide(done - first, later, out=np.full(len(later), np.nan), where=later > 0)
    return [first - arrival, tpot, done - arrival]


def quantiles(ascending: Floats) -> Floats:
    """`QUANTILES` of sorted values, with linear interpolation; empty without values."""
    if len(ascending) == 0:
        return ascending
    place = QUANTILES * (len(ascending) - 1)
    below = place.astype(np.int64)
    above = np.minimum(below + 1, len(ascending) - 1)
    return np.asarray(ascending[below] + (place - below) * (ascending[above] - ascending[below]))
