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
COLUMNS = {
    "ttft_s": ("first_token_s", "arrival_s"),
    "tpot_s": ("first_token_s", "done_s", "generated_tokens"),
    "e2e_s": ("done_s", "arrival_s"),
}
"""The latencies, and the columns that they are made of."""
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
        for latency, columns in COLUMNS.items():  # one after the other: of ten million requests each takes 80 MB
            number, tier, value = _completed(requests(name, ("tier", "status", *columns)), tiers, latency)
            for at in range(-1, len(tiers)):
                chosen = value if at < 0 else value[tier == at]
                there = chosen[np.isfinite(chosen)]
                there.sort()
                ended = number.sum(axis=0) if at < 0 else number[at]
                left = {word: int(n) for word, n in zip(STATUSES, ended, strict=True) if word != "completed" and n}
                if len(chosen) > len(there):
                    left["one token"] = len(chosen) - len(there)
                curves.append(Curve(name, None if at < 0 else tiers[at], latency, quantiles(there), len(there), left))
    return curves


def _completed(parts: "Iterable[pd.DataFrame]", tiers: Sequence[str], latency: str) -> tuple[NDArray[np.int64], NDArray[np.int8], Floats]:
    """How many requests ended how, shape (tiers, statuses); and of those that were completed the tier and the latency, shape (n,)."""
    number = np.zeros((len(tiers), len(STATUSES)), dtype=np.int64)
    tier_of: list[NDArray[np.int8]] = [np.zeros(0, np.int8)]
    kept: list[Floats] = [np.zeros(0)]
    for part in parts:
        tier, status = codes(part["tier"], tiers), codes(part["status"], STATUSES)
        number += np.bincount(tier * len(STATUSES) + status, minlength=number.size).reshape(number.shape)
        done = status == STATUSES.index("completed")
        tier_of.append(tier[done].astype(np.int8))
        kept.append(_latency(part[done], latency))
    return number, np.concatenate(tier_of), np.concatenate(kept)


def _latency(requests: "pd.DataFrame", latency: str) -> Floats:
    """Seconds; NaN for the time between tokens of an answer of one."""
    columns = {name: requests[name].to_numpy(dtype=np.float64) for name in COLUMNS[latency]}
    if latency != "tpot_s":
        later, earlier = COLUMNS[latency]
        return np.asarray(columns[later] - columns[earlier])
    further = columns["generated_tokens"] - 1
    taken = columns["done_s"] - columns["first_token_s"]
    return np.asarray(np.divide(taken, further, out=np.full(len(further), np.nan), where=further > 0))


def quantiles(ascending: Floats) -> Floats:
    """`QUANTILES` of sorted values, with linear interpolation; empty without values."""
    if len(ascending) == 0:
        return ascending
    place = QUANTILES * (len(ascending) - 1)
    below = place.astype(np.int64)
    above = np.minimum(below + 1, len(ascending) - 1)
    return np.asarray(ascending[below] + (place - below) * (ascending[above] - ascending[below]))
