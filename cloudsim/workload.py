"""The requests of one replication: a trace of arrivals and lengths, and what it does not say about them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.components import create
from cloudsim.config import RunConfig
from cloudsim.serving.request import Request
from cloudsim.streams import stream
from traces.provenance import Provenance, Source
from traces.sources import TrafficSource
from traces.tables import Floats, RequestTrace

CHUNK = 256


@dataclass(frozen=True, slots=True)
class Workload:
    """Requests in order of arrival; every contender of a replication faces the same ones.

    Args:
        reasoning_tokens: of the output tokens, those that a budget may shorten. Shape (n,).
        tier: index into the tiers of the configuration. Shape (n,).
        difficulty, difficulty_seen: the latent difficulty and what a router believes it to be, in [0, 1]. Shape (n,).
        luck: uniform number in [0, 1) that decides whether an answer is right: the request's own. Shape (n,).
    """

    trace: RequestTrace
    reasoning_tokens: NDArray[np.int64]
    tier: NDArray[np.int8]
    difficulty: Floats
    difficulty_seen: Floats
    luck: Floats
    sources: tuple[Source, ...]

    def __len__(self) -> int:
        return len(self.trace)

    def requests(self) -> Iterator[Request]:
        """The requests one by one; only a few thousand exist at once."""
        trace = self.trace
        columns: tuple[NDArray[Any], ...] = (
            trace.arrival_s, trace.input_tokens, trace.output_tokens, self.reasoning_tokens, self.tier, self.difficulty_seen
        )  # fmt: skip
        for first in range(0, len(self), CHUNK):
            rows = zip(*(column[first : first + CHUNK].tolist() for column in columns), strict=True)
            for index, row in enumerate(rows, first):
                yield Request(index, *row)


def build_workload(config: RunConfig, replication: int) -> Workload:
    """Draw the workload of a replication; `TraceError` if the traffic cannot be had or is empty."""
    settings = config.workload
    traffic: TrafficSource = create(config.traffic, "traffic")
    scale = settings.rate_scale
    drawn = traffic.requests(config.duration_s * scale, stream(config.seed, replication, "traffic"))
    trace = RequestTrace(drawn.arrival_s / scale, drawn.input_tokens, drawn.output_tokens, drawn.sources).check()
    count = len(trace)
    shares = np.cumsum([tier.share for tier in config.tiers.values()])
    tier = np.searchsorted(shares[:-1], stream(config.seed, replication, "tier").random(count), side="right").astype(np.int8)
    difficulty = stream(config.seed, replication, "difficulty").beta(settings.difficulty_alpha, settings.difficulty_beta, count)
    noise = stream(config.seed, replication, "difficulty_noise").normal(0.0, settings.difficulty_noise, count)
    luck = stream(config.seed, replication, "luck").random(count)
    reasoning = np.floor(trace.output_tokens * settings.reasoning_fraction).astype(np.int64)
    assumed = Source(
        "tiers, difficulty and reasoning share",
        Provenance.ASSUMED,
        f"drawn: difficulty Beta({settings.difficulty_alpha:g}, {settings.difficulty_beta:g}), "
        f"{settings.reasoning_fraction:.0%} of the answer is reasoning",
    )
    sources = [*trace.sources, assumed]
    if scale != 1.0:
        sources.append(Source("traffic intensity", Provenance.PROJECTED, f"arrivals {scale:g} times as dense as in the trace"))
    return Workload(trace, reasoning, tier, difficulty, np.clip(difficulty + noise, 0.0, 1.0), luck, tuple(sources))
