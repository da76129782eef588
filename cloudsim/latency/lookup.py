"""The best step times there are for a model on a GPU."""

from cloudsim.latency.contract import LatencyModel
from cloudsim.latency.fitted import fitted_latency
from cloudsim.latency.host import Host
from cloudsim.latency.structural import structural_latency
from cloudsim.models.gpu import Gpu
from cloudsim.models.spec import ModelSpec


def find_latency(model: ModelSpec, gpu: Gpu, precision: str, tensor_parallel: int, host: Host, gate_overhead: float = 0.0) -> LatencyModel:
    """Those fitted to measurements of this model, else those of its shape.

    Args:
        gate_overhead: share of the compute time that the gates of an elastic model add.

    Raises:
        ConfigError: the GPU lacks the precision, or the model cannot be divided among so many.
    """
    served = (precision, tensor_parallel, host, gate_overhead)
    return fitted_latency(model, gpu.name, *served) or structural_latency(model, gpu, *served)
