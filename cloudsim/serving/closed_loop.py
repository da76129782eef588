"""One replica under a fixed number of requests in flight, as benchmarks of engines load it."""

from dataclasses import dataclass
from math import inf

from cloudsim.clock import Clock, Timer
from cloudsim.latency.contract import LatencyModel
from cloudsim.models.elastic import ElasticProfile
from cloudsim.serving.engine import Engine
from cloudsim.serving.request import Request

ROUNDS = 6
"""Requests that each place in flight sees; the first is not measured, since its answers are cut to bring the others out of step."""


@dataclass(frozen=True, slots=True)
class Served:
    """Means over the measured requests, and tokens of answers a second."""

    ttft_s: float
    tpot_s: float
    output_tokens_per_s: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one replica: KV units in all, tokens of a block, token budget of a step, sequences that run at once."""

    capacity: int
    block_tokens: int
    step_tokens: int
    max_sequences: int


def closed_loop(
    latency: LatencyModel, profile: ElasticProfile, limits: Limits, concurrency: int, input_tokens: int, output_tokens: int
) -> Served:
    """Serve equal requests of the full model, a new one for each that is complete.

    Args:
        concurrency: requests in flight.
    """
    clock, began_s = Clock(), inf
    done: list[tuple[Request, float]] = []

    def finished(request: Request) -> None:
        done.append((request, clock.now))
        if request.index + concurrency < ROUNDS * concurrency:
            # After the engine has settled the step that completed it.
            clock.alarm(clock.now, Timer(lambda: engine.submit(made(request.index + concurrency, output_tokens))))

    def made(index: int, tokens: int) -> Request:
        request = Request(index, clock.now, input_tokens, tokens, 0, 0, 0.5)
        request.level = request.token_level = profile.levels[0]
        return request

    engine = Engine(
        clock, latency, profile, limits.capacity, limits.block_tokens, limits.step_tokens, limits.max_sequences, finished
    )  # fmt: skip
    first = (made(index, max(1, output_tokens * (index + 1) // concurrency)) for index in range(concurrency))
    clock.run_with(first, engine.submit, inf)
    measured = [(request, at_s) for request, at_s in done if concurrency <= request.index < (ROUNDS - 1) * concurrency]
    began_s, ended_s = min(request.arrival_s for request, _ in measured), max(at_s for _, at_s in measured)
    count = len(measured)
    tokens = sum(request.output_tokens for request, at_s in done if began_s < at_s <= ended_s)
    return Served(
        sum(request.first_token_s - request.arrival_s for request, _ in measured) / count,
        sum((at_s - request.first_token_s) / max(1, request.output_tokens - 1) for request, at_s in measured) / count,
        tokens / (ended_s - began_s),
    )
