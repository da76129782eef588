"""What a GPU draws as a function of its load."""

from dataclasses import dataclass
from math import exp, log2

from cloudsim.catalog import entry
from cloudsim.models.gpu import Gpu, find_gpu
from traces.provenance import Provenance, Source

IDLE_SHARE, NOMINAL_SHARE, STEEPNESS = 0.43, 0.86, 1.0
REFERENCE = "h100"


@dataclass(frozen=True, slots=True)
class PowerCurve:
    """P(b) = idle + (nominal − idle)/(1 + exp(−k·(log2 b − x0))), a logistic over the sequences that run (Hassan et al. 2025, GPU-to-Grid).

    Args:
        idle_w: with a model loaded and nothing to do. nominal_w: with a large batch, and with a prompt.
        steepness, midpoint_log2: k, and x0, the logarithm of the batch at which half of the range is drawn.
    """

    idle_w: float
    nominal_w: float
    steepness: float
    midpoint_log2: float
    source: Source

    def decoding_w(self, sequences: float) -> float:
        """Of one GPU while so many sequences decode; `idle_w` for none."""
        if sequences <= 0:
            return self.idle_w
        return self.idle_w + (self.nominal_w - self.idle_w) / (1 + exp(-self.steepness * (log2(sequences) - self.midpoint_log2)))


def find_power(name: str) -> PowerCurve:
    """The curve of a GPU: measured where somebody did, else shares of its board power and a midpoint that moves with its bandwidth."""
    gpu, found = find_gpu(name), entry("cloudsim.models.catalog", "gpus.yaml", "GPU", name).get("power")
    title = f"power of {name}"
    if found is not None:
        source = Source(title, Provenance(found["provenance"]), found["source"])
        return PowerCurve(found["idle_w"], found["nominal_w"], found["steepness"], found["midpoint_log2"], source)
    shares = f"{IDLE_SHARE:.0%} to {NOMINAL_SHARE:.0%} of the board's {gpu.power_w:,.0f} W"
    origin = f"{shares}, midpoint moved with the memory bandwidth from {REFERENCE}"
    source = Source(title, Provenance.PROJECTED, origin)
    return PowerCurve(IDLE_SHARE * gpu.power_w, NOMINAL_SHARE * gpu.power_w, STEEPNESS, _midpoint(gpu), source)


def _midpoint(gpu: Gpu) -> float:
    """A batch saturates a memory in proportion to its bandwidth."""
    reference = find_power(REFERENCE)
    return reference.midpoint_log2 + log2(gpu.bandwidth_bytes_per_s / find_gpu(REFERENCE).bandwidth_bytes_per_s)
