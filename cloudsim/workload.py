"""The requests of one replication: a trace of arrivals and lengths, and what it does not say about them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.components import create
from cloudsim.config import RunConfig
from cloudsim.errors import ConfigError
from cloudsim.models.measured import MeasuredProfile, find_measured
from cloudsim.serving.request import Request
from cloudsim.streams import stream
from traces.provenance import Provenance, Source
from traces.sources import TrafficSource
from traces.tables import Floats, RequestTrace

if TYPE_CHECKING:
    from cloudsim.l2a.tasks.problem import Problem

CHUNK = 256


@dataclass(frozen=True, slots=True)
class Workload:
    """Requests in order of arrival; every contender of a replication faces the same ones.

    Args:
        reasoning_tokens: of the output tokens, those that a budget may shorten. Shape (n,).
        tier: index into the tiers of the configuration. Shape (n,).
        difficulty, difficulty_seen: the latent difficulty and what a router believes it to be, in [0, 1]. Shape (n,).
        luck: uniform number in [0, 1) that decides whether an answer is right: the request's own. Shape (n,).
        problem: where requests carry problems of a measured suite, their numbers in it. Shape (n,), or (0,).
        questions: where they carry fresh ones for a network, those problems.
    """

    trace: RequestTrace
    reasoning_tokens: NDArray[np.int64]
    tier: NDArray[np.int8]
    difficulty: Floats
    difficulty_seen: Floats
    luck: Floats
    sources: tuple[Source, ...]
    problem: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    questions: "tuple[Problem, ...]" = ()

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
    workload = Workload(trace, reasoning, tier, difficulty, np.clip(difficulty + noise, 0.0, 1.0), luck, tuple(sources))
    return workload if config.model.backend == "profiled" else _with_problems(workload, config, replication)


def _with_problems(workload: Workload, config: RunConfig, replication: int) -> Workload:
    """The same arrivals with problems: prompts have the problems' lengths, answers those that the models will give."""
    from cloudsim.models.suite import Suite

    profile = measured_suite(config)
    questions: tuple[Problem, ...] = ()
    if config.model.backend == "recorded":
        suite = Suite(profile)
        problem = suite.pick(workload.difficulty, workload.luck)
        prompt_tokens, longest = suite.prompt_tokens[problem], int(suite.new_tokens.max())
        origin = f"drawn from the {len(suite.prompt_tokens):,} problems of {profile.name}, split {profile.suite.split}"
    else:
        from cloudsim.l2a.live.problems import ANSWER_TOKENS, draw_problems, prompt_lengths

        problem, longest = workload.problem, ANSWER_TOKENS
        questions = draw_problems(profile.suite.families, workload.difficulty, config.seed, replication)
        prompt_tokens = prompt_lengths(questions)
        origin = f"fresh problems of the families {', '.join(profile.suite.families)}, none of them trained on"
    output_tokens = np.full(len(workload), longest, dtype=np.int64)
    trace = RequestTrace(workload.trace.arrival_s, prompt_tokens, output_tokens, workload.trace.sources).check()
    asked = Source("problems in place of the trace's lengths", Provenance.MEASURED, origin)
    return replace(
        workload, trace=trace, reasoning_tokens=np.zeros(len(workload), dtype=np.int64), sources=(*workload.sources, asked),
        problem=problem, questions=questions,
    )  # fmt: skip


def measured_suite(config: RunConfig) -> MeasuredProfile:
    """A measured profile of the contenders, all of which were measured on the same problems.

    Raises:
        ConfigError: a pool's model was not measured, or on other problems.
    """
    found: dict[str, MeasuredProfile] = {}
    problems = []
    for contender, parts in config.contenders.items():
        for pool in parts.pools.values():
            name = pool.elastic or pool.model
            profile = find_measured(config.model.measured, name)
            if profile is None:
                needs = f"model.backend={config.model.backend} needs a measured profile"
                problems.append(f"contenders.{contender}: {needs}, and {name} has none")
            else:
                found[name] = profile
    if len({profile.suite.sha256 for profile in found.values()}) > 1:
        problems.append(
            f"model.measured: {', '.join(sorted(found))} were measured on different problems; measure them with the same split, seed and "
            "number of problems"
        )
    if problems:
        raise ConfigError(*dict.fromkeys(problems))
    return next(iter(found.values()))
