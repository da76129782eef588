"""Equal replicas of one model: everything about them that is settled before the run starts."""

from dataclasses import dataclass

from cloudsim.cluster.instances import Instance, find_instance
from cloudsim.config import PoolConfig, RunConfig
from cloudsim.errors import ConfigError
from cloudsim.models.elastic import ElasticProfile, find_profile, static_profile
from cloudsim.models.latency import LatencyModel, fitted_latency
from cloudsim.models.memory import MemoryPlan, kv_blocks, plan_memory
from cloudsim.models.spec import ModelSpec, find_model
from traces.provenance import Source


@dataclass(frozen=True, slots=True)
class Pool:
    """One pool of a contender.

    Args:
        instances: instances it wants.
        blocks: KV blocks of one replica at full depth and width.
        kv_unit_bytes: bytes of one token in one unit (one KV head group of one layer).
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

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where its numbers come from."""
        return (self.instance.source, self.latency.source, *self.profile.sources)


def build_pool(name: str, pool: PoolConfig, config: RunConfig) -> Pool:
    """Look up the model, its profile, its step times and its memory on the fleet's instance type; `ConfigError` if one is not to be had."""
    engine = config.engine
    instance = find_instance(config.fleet.instance)
    if instance.gpus % engine.tensor_parallel:
        raise ConfigError(
            f"instance {instance.name} has {instance.gpus} GPUs, which tensor_parallel {engine.tensor_parallel} does not divide"
        )
    model = find_model(pool.model)
    profile = find_profile(pool.elastic, model) if pool.elastic else static_profile(model)
    latency = fitted_latency(
        model,
        instance.gpu,
        engine.precision,
        engine.tensor_parallel,
        engine.step_overhead_s,
        engine.sequence_overhead_s,
        profile.gate_overhead,
    )
    memory = plan_memory(model, instance.gpu_memory_bytes, engine.tensor_parallel, engine.precision, engine.memory_fraction)
    blocks = kv_blocks(model, memory, engine.block_tokens, f"{engine.tensor_parallel} × {instance.gpu}")
    unit_bytes = memory.kv_bytes_per_token / (model.layers * model.kv_heads)
    return Pool(name, instance, pool.instances, model, profile, latency, memory, blocks, unit_bytes)
