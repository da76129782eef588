"""One run: one contender on one replication's traffic and market."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.clock import Clock
from cloudsim.cluster.energy import EnergyMeter
from cloudsim.cluster.fleet import Fleet
from cloudsim.cluster.foresight import tell
from cloudsim.cluster.instances import find_instance
from cloudsim.cluster.load import LoadMeter
from cloudsim.cluster.market import Market, overlay
from cloudsim.cluster.pool import Pool, build_pool
from cloudsim.cluster.residency import Residences
from cloudsim.cluster.scaling import Scaler
from cloudsim.cluster.shrinking import Shrinking
from cloudsim.cluster.timeline import Timeline
from cloudsim.components import create
from cloudsim.composition.components import POLICIES
from cloudsim.config import Component, ContenderConfig, RunConfig
from cloudsim.contracts import Served
from cloudsim.decision_log import DecisionLog
from cloudsim.errors import CloudsimError, ConfigError
from cloudsim.metrics.outcome import change_table, energy_columns, node_table, timeline_table
from cloudsim.metrics.recorder import Recorder
from cloudsim.metrics.request_rows import RequestRows
from cloudsim.metrics.request_table import RequestTable
from cloudsim.metrics.tables import STATUSES
from cloudsim.metrics.words import Words
from cloudsim.models.own import OwnModels
from cloudsim.models.voting import WAYS
from cloudsim.policy_errors import Breaches, PolicyErrors
from cloudsim.serving.answers import build_answers
from cloudsim.serving.caching import Caching
from cloudsim.serving.decisions import Decisions, RequestPolicies
from cloudsim.serving.gateway import Gateway
from cloudsim.serving.policy_watch import watched
from cloudsim.serving.scheduling import Scheduling
from cloudsim.serving.tightening import Tightening
from cloudsim.streams import stream
from cloudsim.workload.drawing import draw_blocks
from cloudsim.workload.workload import Workload
from traces.errors import TraceError
from traces.provenance import Provenance, Source
from traces.sources import GridSource, HardwareSource, SpotSource
from traces.tables import SpotTrace

Table = Mapping[str, NDArray[np.generic] | Words]


@dataclass(frozen=True, slots=True)
class RunTables:
    """What one run leaves behind.

    Args:
        requests, nodes, timeline, changes, decisions: columns as in `cloudsim.metrics.tables`, without contender and replication.
        sources: where its inputs come from.
        breaches: of policies that broke their contract, where the run went on nevertheless.
        events: events the clock processed for requests and replicas.
        loop_cpu_s: CPU seconds of the event loop alone.
    """

    requests: Table
    nodes: Table
    timeline: Table
    changes: Table
    decisions: Table
    sources: tuple[Source, ...]
    breaches: tuple[Breaches, ...]
    events: int
    loop_cpu_s: float

    def parts(self, name: str) -> Iterable[Table]:
        """A table as it is written: parts that follow one another, each small enough for memory."""
        table: Table = getattr(self, name)
        return table.parts() if isinstance(table, RequestTable) else (table,)


@dataclass(frozen=True, slots=True)
class Host:
    """Whoever lets a run stop at its questions, such as an environment in which an agent decides.

    Other code runs while such a run stands still, so it leaves the garbage collection and the signals of the process alone; nobody watches
    how long a decision takes.

    Args:
        policies: objects by kind, which take the place of the contender's.
        begin: called with the fleet before anything happens.
        ended: called with each request that ends before the horizon, and whether its answer is right.
    """

    policies: Mapping[str, Any]
    begin: Callable[[Fleet], None]
    ended: Callable[[Served, bool], None]


def build_market(config: RunConfig, replication: int) -> SpotTrace:
    """The spot market of a replication, laid over the fleet's instance type; `TraceError` if it cannot be had."""
    source: SpotSource = create(config.spot, "spot")
    trace = source.spot(config.horizon_s, stream(config.seed, replication, "spot")).check()
    unknown = [series.zone for series in trace.zones if series.zone not in config.provider.zones]
    if unknown:
        raise TraceError(
            f"the spot trace has zones that provider {config.provider.name} does not: {', '.join(unknown)}; "
            f"provider.zones has {', '.join(config.provider.zones)}"
        )
    instance, traced = find_instance(config.fleet.instance), config.market.traced_on_demand_usd_per_h
    factor = instance.on_demand_usd_per_h / traced if traced else 1.0
    laid = overlay(trace, config.market.slots_per_zone, factor)
    if factor != 1.0 or config.market.slots_per_zone != 1:
        origin = (
            f"pattern of the trace with {config.market.slots_per_zone} slots a zone and prices × {factor:.3g} "
            f"({instance.name} on demand / traced)"
        )
        laid = SpotTrace(laid.zones, laid.span_s, (*laid.sources, Source(f"spot market of {instance.name}", Provenance.PROJECTED, origin)))
    return laid


def build_pools(config: RunConfig, contender: str) -> dict[str, Pool]:
    """The pools of a contender; `ConfigError` names every one that cannot be built."""
    pools, problems = {}, []
    for name, pool in config.contenders[contender].pools.items():
        try:
            pools[name] = build_pool(name, pool, config)
        except CloudsimError as error:
            problems += [f"contenders.{contender}.pools.{name}: {problem}" for problem in error.problems]
    if problems:
        raise ConfigError(*problems)
    return pools


def _catalog_problems(config: RunConfig) -> list[str]:
    try:
        OwnModels(config.model.catalog)
    except CloudsimError as error:
        return list(error.problems)
    return []


def _draw_all(config: RunConfig, replication: int) -> None:
    for _ in draw_blocks(config, replication):
        pass


def problems(config: RunConfig) -> list[str]:
    """Everything that would stop a run of `config`, one message each; nothing is simulated."""
    found: list[str] = []
    if config.engine.step_tokens <= config.engine.max_sequences:
        found.append(
            f"engine.step_tokens ({config.engine.step_tokens}) must exceed engine.max_sequences ({config.engine.max_sequences}): "
            "every running sequence takes one token a step"
        )
    kinds: dict[str, list[str]] = {}
    catalog_problems = _catalog_problems(config)
    found += catalog_problems
    for contender, parts in config.contenders.items():
        try:
            # With a broken catalogue every pool would say the same again.
            pools = {} if catalog_problems else build_pools(config, contender)
        except CloudsimError as error:
            found += error.problems
            continue
        for pool in pools.values():
            kinds.setdefault(pool.model.kind, []).append(f"{contender}.{pool.name} ({pool.model.name})")
            try:
                pool.model.score(config.family.task)
            except CloudsimError as error:
                found += [f"family.task: {problem}" for problem in error.problems]
        for kind in POLICIES:
            try:
                _create(parts, contender, kind)
            except CloudsimError as error:
                found += error.problems
        found += _effort_problems(config, contender, pools)
    if len(kinds) > 1:
        mixed = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items())
        found.append(f"contenders mix scores of base and instruct models, which are not comparable ({mixed})")
    for draw in (_draw_all, build_market):
        try:
            draw(config, 0)
        except (CloudsimError, TraceError) as error:
            found += error.problems
    return list(dict.fromkeys(found))


def simulate(
    config: RunConfig,
    contender: str,
    replication: int,
    progress: Callable[[float], None] | None = None,
    scratch: Path | None = None,
    host: Host | None = None,
) -> RunTables:
    """Run one contender on one replication.

    Args:
        progress: called now and then with the share of simulated time that has passed.
        scratch: folder in which the request table is kept, so that memory does not grow with the traffic; None keeps it in memory.
        host: who answers in place of policies, if anybody does.

    Raises:
        TraceError: the traffic or the market cannot be had.
        ConfigError: a part of the configuration cannot be built.
        SimulationError: a policy broke its contract, or something was not conserved.
    """
    workload = Workload(draw_blocks(config, replication))
    spot = build_market(config, replication)
    pools = build_pools(config, contender)
    parts = config.contenders[contender]
    if unknown := _effort_problems(config, contender, pools):
        raise ConfigError(*unknown)
    answers = build_answers(config, workload, pools)
    clock = Clock()
    rows = RequestRows(config, list(pools.values()), answers)
    requests = RequestTable(scratch / f"{contender}-{replication}.rows" if scratch else None)
    recorder = Recorder(clock, list(pools), workload, lambda block, noted: requests.add(block.number, rows.rows(block, noted)))
    residences = {name: Residences(pool, config) for name, pool in pools.items()}
    market = Market(clock, spot, config.provider, config.seed, replication)
    given = host.policies if host is not None else {}
    made = {kind: given[kind] if kind in given else _create(parts, contender, kind) for kind in POLICIES}
    errors = PolicyErrors(clock, contender, config.on_policy_error == "fail")
    log = DecisionLog(clock, config.logged_share)
    scheduling = Scheduling(made["scheduling"], errors, log) if made["scheduling"] is not None else None
    cache = Caching(made["cache"], errors, log) if made["cache"] is not None else None
    fleet = Fleet(
        clock, config, pools, residences, market, made["provisioning"], errors, log, contender, replication,
        lambda request: finished(request), scheduling, cache,
    )  # fmt: skip
    elsewhere = ("scheduling", "cache", "scaling", "provisioning")
    policies = RequestPolicies(**{kind: policy for kind, policy in made.items() if kind not in elsewhere})
    decisions = Decisions(policies, fleet, errors, log, answers)
    gateway = Gateway(clock, config, pools, fleet, recorder, workload, answers, decisions)
    arrive, finished = gateway.arrive, gateway.finished
    if made["scaling"] is not None:
        load = LoadMeter(clock, config, fleet, gateway)
        fleet.wanted = Scaler(made["scaling"], load, errors, log).targets
        arrive, finished = load.arrive, load.finished
    for kind in ("provisioning", "scaling"):
        tell(made[kind], config, replication, spot, pools)
    hardware: HardwareSource = create(config.hardware, "hardware")
    shrinking = Shrinking(clock, config, fleet, hardware, residences, replication, gateway.shrunk, gateway.crashed)
    fleet.node_ready = shrinking.watch
    grid: GridSource = create(config.grid, "grid")
    meter = EnergyMeter(clock, config, fleet, pools, grid, {zone.zone: zone.region for zone in spot.zones})
    fleet.node_closed = meter.read
    timeline = Timeline(clock, config, fleet, gateway, market, progress)
    fleet.start()
    timeline.start()
    meter.start()
    Tightening(clock, fleet, decisions, config.fleet.control_interval_s).start()
    with ExitStack() as stack:
        if host is None:
            stack.enter_context(_cycles_uncollected())
            stack.enter_context(watched(config.policy_timeout_s))
        else:
            gateway.told = host.ended
            host.begin(fleet)
        started = process_time()
        clock.run_with(workload.requests(), arrive, config.horizon_s)
        loop_cpu_s = process_time() - started
    fleet.close()
    gateway.close()
    recorder.close()
    words = {"tier": tuple(config.tiers), "status": STATUSES, "reason": tuple(recorder.reasons), "model": rows.models}
    requests.finish(words, energy_columns(fleet))
    sources = [*workload.sources, *spot.sources, grid.source, *_settings(config)]
    if hardware.source is not None:
        sources += [hardware.source, *(source for one in residences.values() for source in one.sources)]
    for pool in pools.values():
        sources += [*pool.sources, pool.model.score_source(config.family.task)]
    if policies.reviewer is not None:
        sources.append(Source("confidence of answers", Provenance.ASSUMED, f"signal detection, AUROC {config.workload.confidence_auroc:g}"))
    if decisions.efforts:
        origin = (
            f"(1 − exp(−k·s)) / (1 − exp(−k)) of the score for a share s of the reasoning, k = {config.workload.reasoning_saturation:g}"
        )
        sources.append(Source("quality of shorter reasoning", Provenance.ASSUMED, f"{origin} (form of arXiv 2505.20522)"))
    if decisions.sampled:
        origin = f"samples are independent, wrong ones of {WAYS} kinds (arXiv 2203.11171)"
        sources.append(Source("votes among samples", Provenance.ASSUMED, origin))
    if config.engine.precision != "bf16":
        sources.append(Source(f"quality in {config.engine.precision}", Provenance.ASSUMED, "taken to be that of bf16"))
    return RunTables(
        requests,
        node_table(fleet),
        timeline_table(requests, timeline),
        change_table(shrinking),
        log.table(),
        tuple(dict.fromkeys(sources)),
        errors.breaches,
        clock.fired,
        loop_cpu_s,
    )


def _create(parts: ContenderConfig, contender: str, kind: str) -> Any:
    """A policy of a contender, None where it has none of that kind; `ConfigError` if it cannot be made."""
    component: Component | None = getattr(parts, kind)
    return create(component, f"contenders.{contender}.{kind}") if component is not None else None


def _effort_problems(config: RunConfig, contender: str, pools: Mapping[str, Pool]) -> list[str]:
    """Pools whose answers are known, so that nobody can say what less reasoning would make of them."""
    known = [pool.profile.name for pool in pools.values() if pool.measured is not None]
    if config.contenders[contender].effort is None or not known:
        return []
    return [
        f"contenders.{contender}.effort: the answers of {', '.join(known)} were measured, and none with less reasoning than a level's; "
        "leave effort null, which lets the budget's levels say how much is written"
    ]


@contextmanager
def _cycles_uncollected() -> Iterator[None]:
    """Let reference counts alone free memory: the loop makes no cycles worth a search, which would cost a tenth of its time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _settings(config: RunConfig) -> list[Source]:
    provider, engine, startup = config.provider, config.engine, config.startup
    return [
        Source(f"notice of provider {provider.name}", Provenance.PUBLISHED, provider.source),
        Source(
            "cold start", Provenance.ASSUMED,
            f"provisioning {startup.provision_min_s:g}–{startup.provision_max_s:g} s, boot {startup.boot_s:g} s, weights at "
            f"{startup.load_bytes_per_s / 1e9:g} GB/s, engine {startup.engine_start_s:g} s",
        ),
        Source(
            "host overhead", Provenance.PUBLISHED,
            f"{engine.step_overhead_s * 1e6:g} µs a step, {engine.sequence_overhead_s * 1e6:g} µs a sequence, "
            f"{engine.request_overhead_s * 1e3:g} ms a request, {engine.token_overhead_s * 1e6:g} µs a further token (BLIS inference-sim "
            "defaults)",
        ),
        Source(
            "SLA targets (TTFT/TPOT/end to end)", Provenance.ASSUMED,
            ", ".join(f"{name} {tier.ttft_s:g}/{tier.tpot_s:g}/{tier.e2e_s:g} s" for name, tier in config.tiers.items()),
        ),
    ]  # fmt: skip
