"""Instance types a fleet can rent, with the GPU they carry."""

from dataclasses import dataclass

from cloudsim.catalog import entry
from cloudsim.models.gpu import find_gpu
from traces.provenance import Provenance, Source


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance type.

    Args:
        name: its name in the catalogue.
        gpu: name of its GPU, as latency tables use it.
        gpus: GPUs it carries.
        gpu_memory_bytes: memory of each of them.
        on_demand_usd_per_h: price of the whole instance.
    """

    name: str
    gpu: str
    gpus: int
    gpu_memory_bytes: float
    on_demand_usd_per_h: float
    source: Source


def find_instance(name: str) -> Instance:
    """The instance type called `name`; `ConfigError` with the known names if there is none."""
    found = entry("cloudsim.cluster.catalog", "instances.yaml", "instance", name)
    source = Source(f"price of {name}", Provenance(found["provenance"]), found["source"])
    return Instance(name, found["gpu"], found["gpus"], find_gpu(found["gpu"]).memory_bytes, float(found["on_demand_usd_per_h"]), source)
