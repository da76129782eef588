"""Requests that carry problems: their prompts and answers take the place of the trace's lengths."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cloudsim.config import RunConfig
from cloudsim.errors import ConfigError
from cloudsim.models.measured import MeasuredProfile, find_measured
from cloudsim.workload.block import RequestBlock
from traces.provenance import Provenance, Source
from traces.tables import RequestTrace

if TYPE_CHECKING:
    from cloudsim.l2a.tasks.problem import Problem


def with_problems(blocks: Iterator[RequestBlock], config: RunConfig, replication: int) -> Iterator[RequestBlock]:
    """The same arrivals with problems: prompts have the problems' lengths, answers those that the models will give. They are in no
    conversation.

    Raises:
        ConfigError: see `measured_suite`.
    """
    from cloudsim.models.suite import Suite

    profile = measured_suite(config)
    suite = Suite(profile)
    for block in blocks:
        questions: tuple[Problem, ...] = ()
        if config.model.backend == "recorded":
            problem = suite.pick(block.difficulty, block.luck)
            prompt_tokens, longest = suite.prompt_tokens[problem], int(suite.new_tokens.max())
            origin = f"drawn from the {len(suite.prompt_tokens):,} problems of {profile.name}, split {profile.suite.split}"
        else:
            from cloudsim.l2a.live.problems import ANSWER_TOKENS, draw_problems, prompt_lengths

            problem, longest = block.problem, ANSWER_TOKENS
            questions = draw_problems(profile.suite.families, block.difficulty, config.seed, replication, block.first)
            prompt_tokens = prompt_lengths(questions)
            origin = f"fresh problems of the families {', '.join(profile.suite.families)}, none of them trained on"
        asked = Source("problems in place of the trace's lengths", Provenance.MEASURED, origin)
        output_tokens = np.full(len(block), longest, dtype=np.int64)
        trace = RequestTrace(block.trace.arrival_s, prompt_tokens, output_tokens, (*block.trace.sources, asked)).check()
        seen = np.maximum(np.rint(output_tokens * (block.output_seen / block.trace.output_tokens)), 1).astype(np.int64)
        none = np.zeros(len(block), dtype=np.int64)
        yield replace(
            block, trace=trace, reasoning_tokens=none, output_seen=seen, problem=problem, questions=questions,
            conversation=none[:0], turn=none[:0].astype(np.int32), shared_tokens=none[:0],
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
