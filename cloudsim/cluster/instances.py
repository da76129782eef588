"""Instance types a fleet can rent, with the GPU they carry."""

from dataclasses import dataclass

from cloudsim.catalog import entries, entry
from cloudsim.errors import ConfigError
from cloudsim.models.gpu import find_gpu
from traces.provenance import Provenance, Source

NEEDED = ("provider", "region", "gpu", "gpus", "on_demand_usd_per_h", "dated", "provenance", "source")


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance type.

    Args:
        name: its name in the catalogue.
        provider, region: where the price holds.
        gpu: name of its GPU, as latency tables use it.
        gpus: GPUs it carries.
        gpu_memory_bytes: memory of each of them.
        on_demand_usd_per_h: price of the whole instance.
        spot_usd_per_h: lowest and highest spot price seen, where any was.
        dated: when the prices held.
    """

    name: str
    provider: str
    region: str
    gpu: str
    gpus: int
    gpu_memory_bytes: float
    on_demand_usd_per_h: float
    spot_usd_per_h: tuple[float, float] | None
    dated: str
    source: Source


def find_instance(name: str) -> Instance:
    """The instance type called `name`; `ConfigError` with the known names if there is none, or with what its entry lacks."""
    found = entry("cloudsim.cluster.catalog", "instances.yaml", "instance", name)
    missing = [key for key in NEEDED if found.get(key) in (None, "")]
    if missing:
        raise ConfigError(f"instance {name}: its entry in instances.yaml lacks {', '.join(missing)}; a price needs its source and date")
    spot = found.get("spot_usd_per_h")
    origin = f"{found['source']}, {found['region']}, {found['dated']}"
    return Instance(
        name, found["provider"], found["region"], found["gpu"], found["gpus"], find_gpu(found["gpu"]).memory_bytes,
        float(found["on_demand_usd_per_h"]), (float(spot[0]), float(spot[1])) if spot else None, str(found["dated"]),
        Source(f"price of {name}", Provenance(found["provenance"]), origin),
    )  # fmt: skip


def known_instances() -> list[str]:
    """Names in the catalogue."""
    return list(entries("cloudsim.cluster.catalog", "instances.yaml"))
