"""The requests of one replication: a trace of arrivals and lengths, and what it does not say about them."""

from collections.abc import Iterator

import numpy as np

from cloudsim.components import create
from cloudsim.config import RunConfig
from cloudsim.streams import stream
from cloudsim.workload.block import BLOCK, RequestBlock
from cloudsim.workload.conversations import ASSUMED, Conversations
from cloudsim.workload.problems import with_problems
from cloudsim.workload.told import told, told_tiers
from traces.blocks import in_order, of_length
from traces.provenance import Provenance, Source
from traces.sources import TrafficSource
from traces.tables import RequestTrace


def draw_blocks(config: RunConfig, replication: int) -> Iterator[RequestBlock]:
    """Draw the requests of a replication block by block; what is drawn does not hang on the length of blocks.

    Raises:
        TraceError: the traffic cannot be had or is empty.
        ConfigError: a part of the configuration cannot be built.
    """
    blocks = _drawn(config, replication)
    return blocks if config.model.backend == "profiled" else with_problems(blocks, config, replication)


def _drawn(config: RunConfig, replication: int) -> Iterator[RequestBlock]:
    settings = config.workload
    traffic: TrafficSource = create(config.traffic, "traffic")
    scale = settings.rate_scale
    names = ("tier", "difficulty", "difficulty_noise", "luck", "signal", "length_noise", "tenant")
    tiers, difficulties, noises, lucks, signals, lengths, tenants = (stream(config.seed, replication, name) for name in names)
    shares = np.cumsum([tier.share for tier in config.tiers.values()])
    weights = np.cumsum(np.arange(1.0, settings.tenants + 1) ** -settings.tenant_skew)
    drawn = {
        "tier": ("tiers", "tiers by their shares"),
        "difficulty": ("difficulty", f"difficulty Beta({settings.difficulty_alpha:g}, {settings.difficulty_beta:g})"),
        "reasoning_tokens": ("reasoning share", f"{settings.reasoning_fraction:.0%} of the answer is reasoning"),
    }
    seen_only = Source(
        "tenants and predicted lengths", Provenance.ASSUMED,
        f"drawn: {settings.tenants} tenants, the r-th in proportion to r^-{settings.tenant_skew:g}; predicted over true length lognormal, "
        f"median 1, σ {settings.length_noise:g}",
    )  # fmt: skip
    intensity = Source("traffic intensity", Provenance.PROJECTED, f"arrivals {scale:g} times as dense as in the trace")
    conversations = Conversations()
    span_s = config.duration_s * scale
    came = in_order(traffic.requests(span_s, stream(config.seed, replication, "traffic")), span_s)
    for number, block in enumerate(of_length(came, BLOCK)):
        count = len(block)
        tier = np.searchsorted(shares[:-1], tiers.random(count), side="right").astype(np.int8)
        difficulty = difficulties.beta(settings.difficulty_alpha, settings.difficulty_beta, count)
        noise = noises.normal(0.0, settings.difficulty_noise, count)
        reasoning = np.floor(block.output_tokens * settings.reasoning_fraction).astype(np.int64)
        if block.more:
            tier, difficulty = told_tiers(block, list(config.tiers), tier), told(block, "difficulty", difficulty)
            reasoning = np.minimum(told(block, "reasoning_tokens", reasoning), block.output_tokens)
        left = [words for name, words in drawn.items() if name not in block.more or block.more[name].null_count]
        made = [*block.sources]
        if left:
            made.append(Source(_listed([name for name, _ in left]), Provenance.ASSUMED, f"drawn: {', '.join(how for _, how in left)}"))
        belongs = conversations.columns(block)
        made += [seen_only, *([intensity] if scale != 1.0 else []), *([ASSUMED] if conversations.assumed else [])]
        trace = RequestTrace(block.arrival_s / scale, block.input_tokens, block.output_tokens, tuple(made))
        seen = np.clip(difficulty + noise, 0.0, 1.0)
        factor = np.exp(settings.length_noise * lengths.standard_normal(count))
        output_seen = np.maximum(np.rint(block.output_tokens * factor), 1).astype(np.int64)
        tenant = np.searchsorted(weights[:-1] / weights[-1], tenants.random(count), side="right").astype(np.int32)
        luck, signal = lucks.random(count), signals.random(count)
        yield RequestBlock(number, trace, reasoning, tier, difficulty, seen, luck, signal, output_seen, tenant, *belongs)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
