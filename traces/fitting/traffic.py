"""A generator of traffic fitted to a trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from traces.errors import TraceError
from traces.fitting.gaps import fit_gaps
from traces.fitting.lengths import fit_lengths
from traces.fitting.rate import fit_rate, minute_counts
from traces.generators.rate import MINUTE_S
from traces.generators.traffic import Traffic
from traces.provenance import Provenance
from traces.tables import Floats, RequestTrace

LEAST_REQUESTS = 100
ROUNDED_SHARE, ROUNDED_S = 0.5, 0.1
PASSES = 2


@dataclass(frozen=True, slots=True)
class FittedTraffic:
    """A generator and how near its parts come.

    Args:
        traffic: the generator.
        distances: Kolmogorov-Smirnov distances of gaps, input and output.
        remarks: what the trace could not tell.
    """

    traffic: Traffic
    distances: dict[str, float]
    remarks: tuple[str, ...]


def fit_traffic(trace: RequestTrace, name: str, origin: str, start_hour: float = 0.0) -> FittedTraffic:
    """Gaps, rate and lengths of a trace, each the simplest kind that is near enough.

    Args:
        trace: of at least 100 requests.
        name, origin: of the generator.
        start_hour: of the day at its first request.

    Raises:
        TraceError: the trace is too short.
    """
    if len(trace) < LEAST_REQUESTS or trace.arrival_s[-1] <= trace.arrival_s[0]:
        raise TraceError(f"{name}: {len(trace)} requests at distinct times cannot be fitted; at least {LEAST_REQUESTS} are needed")
    arrival_s, remarks = _unrounded(trace.arrival_s)
    span_s = float(arrival_s[-1] - arrival_s[0])
    rate_rps = (len(arrival_s) - 1) / span_s
    counts = minute_counts(arrival_s)
    gaps = np.diff(arrival_s) * rate_rps
    for _ in range(PASSES):  # how much counts scatter hangs on the gaps, and the gaps on the rate
        cv = float(gaps.std())
        rate = fit_rate(counts, cv, start_hour)
        gaps = np.diff(_clock(arrival_s, rate.factors))
        gaps = gaps / gaps.mean()
    kind, apart = fit_gaps(gaps, float(np.spacing(arrival_s[-1])) * rate_rps)
    lengths = {part: fit_lengths(getattr(trace, f"{part}_tokens")) for part in ("input", "output")}
    stated: dict[str, Any] = {
        "name": name, "provenance": Provenance.PROJECTED, "origin": origin, "rate_rps": float(f"{rate_rps:.6g}"),
        "gaps": kind.model_dump(), "rate": [shape.model_dump() for shape in rate.shapes],
    }  # fmt: skip
    made = Traffic(**(stated | {part: found.model_dump() for part, (found, _) in lengths.items()}))
    return FittedTraffic(made, {"gaps": apart} | {part: away for part, (_, away) in lengths.items()}, tuple(remarks))


def parameters(traffic: Traffic) -> dict[str, float]:
    """The numbers of a generator that a fit estimates, by their keys; shapes of the rate by their kinds, and 1 for what is not there."""
    found: dict[str, float] = {"rate_rps": traffic.rate_rps, "gaps.cv": getattr(traffic.gaps, "cv", 1.0)}
    found["rate.drift.peak_minute_ratio"] = 1.0
    for shape in traffic.rate:
        found |= {f"rate.{shape.kind}.{key}": value for key, value in _numbers(shape.model_dump()).items() if key != "start_hour"}
    for part in ("input", "output"):
        kind = getattr(traffic, part)
        found |= {
            f"{part}.{key}": value for key, value in _numbers(kind.model_dump()).items() if not key.startswith(("levels", "most", "tokens"))
        }
    return found


def _numbers(part: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, value in part.items():
        if isinstance(value, list):
            found |= {f"{key}.{at}": float(one) for at, one in enumerate(value)}
        elif isinstance(value, int | float):
            found[key] = float(value)
    return found


def _unrounded(arrival_s: Floats) -> tuple[Floats, list[str]]:
    """Arrivals spread over the step to which they were rounded, if most came at the same time as the one before."""
    gaps = np.diff(arrival_s)
    positive = gaps[gaps > 0]
    step_s = float(positive.min())
    if (gaps == 0).mean() <= ROUNDED_SHARE or step_s < ROUNDED_S:
        return arrival_s, []
    spread = np.sort(arrival_s + np.random.default_rng(0).uniform(0.0, step_s, len(arrival_s)))
    return spread, [f"times are multiples of {step_s:g} s; how requests arrive within them is not known, and taken to be by chance"]


def _clock(arrival_s: Floats, factors: Floats) -> Floats:
    """Arrivals on a clock that runs with the rate; a last minute that is not whole runs as the one before."""
    since_s = arrival_s - arrival_s[0]
    if not len(factors):
        return np.asarray(since_s)
    edges = np.arange(len(factors) + 2) * MINUTE_S
    return np.asarray(np.interp(since_s, edges, np.concatenate(([0.0], np.cumsum(np.append(factors, factors[-1]))))))
