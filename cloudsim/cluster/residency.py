"""What of a model stays in a replica's memory when others take some of it, or a GPU of its group is gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cloudsim.cluster.pool import Pool
from cloudsim.config import RunConfig
from cloudsim.errors import ConfigError
from cloudsim.latency.contract import LatencyModel
from cloudsim.models.elastic import Level
from cloudsim.models.memory import plan_memory

if TYPE_CHECKING:
    from traces.provenance import Source


@dataclass(frozen=True, slots=True)
class Residency:
    """What a replica can do with the memory it has.

    Args:
        gpus: GPUs that it uses, as one tensor-parallel group.
        level: the richest level whose layers are in memory.
        weights_bytes: of these layers, the embedding and the head.
        capacity: KV memory in units (one block of one KV head group of one layer).
        latency: step times on so many GPUs.
    """

    gpus: int
    level: Level
    weights_bytes: float
    capacity: int
    latency: LatencyModel


class Residences:
    """Finds what of a pool's model fits.

    A replica must hold one request of the longest length at its richest level, as an engine asks for when it starts. Of the levels that
    leave so much room, the richest is taken that keeps `engine.resident_kv_share` of the KV tokens the whole model has on sound GPUs;
    where none does, the one that keeps most. A static model has one level: it fits or it does not. Where sequences skip layers of their
    own, any layer may be needed, so none can leave.
    """

    def __init__(self, pool: Pool, config: RunConfig) -> None:
        self._pool, self._config = pool, config
        engine = config.engine
        self._block_tokens, self._precision = engine.block_tokens, engine.precision
        served = pool.blocks * engine.block_tokens
        self._longest_blocks = -(-min(engine.max_model_tokens, served) // engine.block_tokens)
        self._wanted_blocks = engine.resident_kv_share * pool.blocks
        self._latencies: dict[int, LatencyModel] = {engine.gpus: pool.latency}

    @cached_property
    def whole(self) -> Residency:
        """The whole model on sound GPUs."""
        pool = self._pool
        full = pool.profile.levels[0]
        gpus = self._config.engine.gpus
        return Residency(gpus, full, pool.memory.weights_bytes, pool.blocks * full.units, pool.latency)

    @property
    def sources(self) -> "list[Source]":
        """Where the step times of smaller groups come from, as far as they were needed."""
        return [latency.source for gpus, latency in self._latencies.items() if gpus != self._config.engine.gpus]

    def weights_bytes(self, level: Level) -> float:
        """Bytes of what has to be in memory to serve a level."""
        return self._pool.model.weights_bytes(self._precision, self._pool.profile.resident_layers(level))

    def find(self, taken_share: Sequence[float]) -> Residency | None:
        """What fits; None if nothing does.

        Args:
            taken_share: of the memory of each GPU of the replica, what it cannot have; 1 where the GPU is gone.
        """
        fraction = self._config.engine.memory_fraction
        left = sorted((min(fraction, 1.0 - taken) for taken in taken_share if taken < 1.0), reverse=True)
        for gpus in range(len(left), 0, -1):
            latency = self._latency(gpus)
            found = self._at(gpus, left[gpus - 1], latency) if latency is not None else None
            if found is not None:
                return found
        return None

    def _at(self, gpus: int, fraction: float, latency: LatencyModel) -> Residency | None:
        pool = self._pool
        if gpus == self.whole.gpus and fraction >= self._config.engine.memory_fraction:
            return self.whole
        memory = plan_memory(pool.model, pool.instance.gpu_memory_bytes, gpus, self._precision, fraction)
        most: Residency | None = None
        for level in pool.profile.levels:
            weights = self.weights_bytes(level)
            free = memory.usable_bytes - memory.reserve_bytes - weights
            full_units = pool.profile.levels[0].units
            capacity = int(free // (memory.kv_bytes_per_token * self._block_tokens)) * full_units
            if capacity < self._longest_blocks * level.units:
                continue
            if capacity >= self._wanted_blocks * level.units:
                return Residency(gpus, level, weights, capacity, latency)
            if most is None or capacity / level.units > most.capacity / most.level.units:
                most = Residency(gpus, level, weights, capacity, latency)
        return most

    def _latency(self, gpus: int) -> LatencyModel | None:
        """Step times of a group of so many GPUs; None if the model cannot be divided among them."""
        if gpus not in self._latencies:
            try:
                self._latencies[gpus] = self._pool.latency_on(gpus)
            except ConfigError:
                return None
        return self._latencies[gpus]
