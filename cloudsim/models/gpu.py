"""GPUs as their data sheets have them."""

from dataclasses import dataclass

from cloudsim.catalog import entries, entry
from cloudsim.errors import ConfigError
from traces.provenance import Provenance, Source

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU type.

    Args:
        memory_bytes: that an engine can address.
        bandwidth_bytes_per_s: of its memory.
        flops: dense operations a second, by the precision of weights.
        power_w: of the board at most.
        link_bytes_per_s: to the other GPUs of its node, one way.
        tables: name of its measured operator tables, if there are any.
    """

    name: str
    memory_bytes: float
    bandwidth_bytes_per_s: float
    flops: dict[str, float]
    power_w: float
    link_bytes_per_s: float
    tables: str | None
    source: Source

    def flops_in(self, precision: str) -> float:
        """Operations a second in `precision`; `ConfigError` if it has no units for it."""
        if precision not in self.flops:
            raise ConfigError(f"GPU {self.name} does not compute in {precision}; it does in {', '.join(self.flops)}")
        return self.flops[precision]


def find_gpu(name: str) -> Gpu:
    """The GPU called `name`; `ConfigError` with the known names if there is none."""
    found = entry("cloudsim.models.catalog", "gpus.yaml", "GPU", name)
    return Gpu(
        name=name,
        memory_bytes=found["memory_gib"] * GIB,
        bandwidth_bytes_per_s=found["bandwidth_gb_per_s"] * 1e9,
        flops={precision: found[f"{precision}_tflops"] * 1e12 for precision in ("bf16", "fp8") if f"{precision}_tflops" in found},
        power_w=float(found["power_w"]),
        link_bytes_per_s=found["link_gb_per_s"] * 1e9,
        tables=found.get("tables"),
        source=Source(f"data sheet of {name}", Provenance(found["provenance"]), found["source"]),
    )


def known_gpus() -> list[str]:
    """Names in the catalogue."""
    return list(entries("cloudsim.models.catalog", "gpus.yaml"))
