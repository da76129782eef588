"""Equal replicas of one model: everything about them that is settled before the run starts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cloudsim.cluster.instances import Instance, find_instance
from cloudsim.config import PoolConfig, RunConfig
from cloudsim.errors import ConfigError
from cloudsim.latency.clocked import clocked_latency
from cloudsim.latency.contract import LatencyModel
from cloudsim.latency.host import Host
from cloudsim.latency.lookup import find_latency
from cloudsim.latency.pipelined import pipelined
from cloudsim.latency.rounded import RoundedLatency
from cloudsim.models.elastic import ElasticProfile, find_profile, static_profile
from cloudsim.models.gpu import find_gpu
from cloudsim.models.measured import MeasuredProfile, find_measured, measured_path
from cloudsim.models.memory import MemoryPlan, kv_blocks, plan_memory
from cloudsim.models.own import OwnModels
from cloudsim.models.power import PowerCurve, find_power
from cloudsim.models.spec import ModelSpec, find_model
from traces.provenance import Provenance, Source


@dataclass(frozen=True, slots=True)
class Pool:
    """One pool of a contender.

    Args:
        instance: its type. instances: how many of them it wants.
        spot_ratio: spot price of its instance over that of the fleet's, which the market has.
        blocks: KV blocks of one replica at full depth and width.
        kv_unit_bytes: bytes of one token in one unit (one KV head group of one layer).
        latency_on: step times on another number of GPUs than it has; `ConfigError` if it cannot be divided among them.
        power: of one of its GPUs.
        measured: what its model was measured to do, if it was.
    """

    name: str
    instance: Instance
    instances: int
    model: ModelSpec
    profile: ElasticProfile
    latency: LatencyModel
    memory: MemoryPlan
    blocks: int
    kv_unit_bytes: float
    latency_on: Callable[[int], LatencyModel]
    power: PowerCurve
    measured: MeasuredProfile | None = None
    spot_ratio: float = 1.0

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where its numbers come from."""
        scaled = f"spot price of the fleet's instance × {self.spot_ratio:.3g} (ratio of the on-demand prices)"
        other = (Source(f"spot price of {self.instance.name}", Provenance.PROJECTED, scaled),) if self.spot_ratio != 1.0 else ()
        return (self.instance.source, *other, self.latency.source, self.power.source, *self.profile.sources)


def build_pool(name: str, pool: PoolConfig, config: RunConfig) -> Pool:
    """Look up model, profile, step times and memory on the pool's instance type; `ConfigError` if one is not to be had."""
    engine = config.engine
    fleet = find_instance(config.fleet.instance)
    instance = find_instance(pool.instance) if pool.instance is not None else fleet
    if instance.gpus != fleet.gpus:
        raise ConfigError(
            f"instance {instance.name} has {instance.gpus} GPUs and fleet.instance {fleet.name} has {fleet.gpus}; all contenders have "
            "equally many GPUs, so take an instance of as many"
        )
    if instance.gpus % engine.gpus:
        asked = f"tensor_parallel {engine.tensor_parallel}"
        if engine.pipeline_parallel > 1:
            asked += f" × pipeline_parallel {engine.pipeline_parallel}"
        raise ConfigError(f"instance {instance.name} has {instance.gpus} GPUs, which {asked} does not divide")
    model, profile, measured = _served(pool, config)

    def latency_on(gpus: int) -> LatencyModel:
        return _latency(model, profile, measured, config, instance, gpus)

    latency = latency_on(engine.gpus)
    memory = plan_memory(model, instance.gpu_memory_bytes, engine.gpus, engine.precision, engine.memory_fraction)
    blocks = kv_blocks(model, memory, engine.block_tokens, f"{engine.gpus} × {instance.gpu}")
    unit_bytes = memory.kv_bytes_per_token / (model.layers * model.kv_heads)
    ratio = instance.on_demand_usd_per_h / fleet.on_demand_usd_per_h
    return Pool(
        name, instance, pool.instances, model, profile, latency, memory, blocks, unit_bytes, latency_on, find_power(instance.gpu), measured,
        ratio,
    )  # fmt: skip


def _latency(
    model: ModelSpec, profile: ElasticProfile, measured: MeasuredProfile | None, config: RunConfig, instance: Instance, gpus: int
) -> LatencyModel:
    """Step times on `gpus` GPUs of an instance, or of the CPU on which the model was measured."""
    if measured is not None and config.model.clock == "measured":
        if gpus > 1:
            raise ConfigError("model.clock=measured are times of one thread of a CPU, which cannot be divided among GPUs")
        return clocked_latency(measured.clock, measured.name, profile.gate_overhead)
    engine, stages = config.engine, config.engine.pipeline_parallel
    if gpus % stages:
        raise ConfigError(f"{gpus} GPUs do not make {stages} equal stages")
    host = Host(engine.step_overhead_s, engine.sequence_overhead_s)
    folder = Path(config.model.step_times) if config.model.step_times is not None else None
    if folder is not None and not folder.is_dir():
        raise ConfigError(f"model.step_times: there is no folder {folder}; python -m cloudsim profile latency writes one")
    gpu = find_gpu(instance.gpu)
    latency = find_latency(model, gpu, engine.precision, gpus // stages, host, profile.gate_overhead, folder)
    return pipelined(RoundedLatency(latency) if engine.graph_rounding else latency, model, gpu, stages)


def _served(pool: PoolConfig, config: RunConfig) -> tuple[ModelSpec, ElasticProfile, MeasuredProfile | None]:
    """The model of a pool: as it was measured if it was, else as the catalogue has it."""
    asked = config.model
    name = pool.elastic or pool.model
    measured = find_measured(asked.measured, name)
    if measured is not None:
        if measured.model.name != pool.model:
            raise ConfigError(f"elastic profile {name} belongs to model {measured.model.name}, not to {pool.model}")
        if pool.elastic is None and len(measured.levels) > 1:
            raise ConfigError(f"model {name} is an elastic profile of {measured.model.name}; give it as elastic")
        return measured.spec, measured.elastic(realised=asked.backend != "profiled"), measured
    try:
        own = OwnModels(asked.catalog)
        model = own.model(pool.model) or find_model(pool.model)
        profile = (own.profile(pool.elastic, model) or find_profile(pool.elastic, model)) if pool.elastic else static_profile(model)
    except ConfigError as error:
        path = measured_path(asked.measured, name)
        hint = f"; nor was it measured: there is no {path}, which python -m cloudsim profile l2a can write; model.catalog names your own"
        raise ConfigError(f"{error}{hint if 'catalogue' in str(error) else ''}") from None
    if asked.backend != "profiled" or asked.clock != "modelled":
        key = "backend" if asked.backend != "profiled" else "clock"
        raise ConfigError(
            f"model.{key}={getattr(asked, key)} needs a measured model, and {name} is of the catalogue; take model=tiny_reasoner_l2a, or "
            f"measure yours with python -m cloudsim profile l2a"
        )
    return model, profile, None
