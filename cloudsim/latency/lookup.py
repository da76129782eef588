"""The best step times there are for a model on a GPU."""

from pathlib import Path

from cloudsim.latency.contract import LatencyModel
from cloudsim.latency.fitted import fitted_latency
from cloudsim.latency.host import Host
from cloudsim.latency.step_times import find_step_times
from cloudsim.latency.structural import structural_latency
from cloudsim.models.gpu import Gpu
from cloudsim.models.spec import ModelSpec


def find_latency(
    model: ModelSpec, gpu: Gpu, precision: str, tensor_parallel: int, host: Host, gate_overhead: float = 0.0, folder: Path | None = None
) -> LatencyModel:
    """Those a folder of the user's has, else those fitted to measurements of this model, else those of its shape.

    Args:
        gate_overhead: share of the compute time that the gates of an elastic model add.
        folder: with files of step times.

    Raises:
        ConfigError: the GPU lacks the precision, the model cannot be divided among so many, or a file is broken.
    """
    if folder is not None:
        own = find_step_times(folder, model.name, gpu.name, precision, tensor_parallel)
        if own is not None:
            return own.latency(model, host, gate_overhead)
    served = (precision, tensor_parallel, host, gate_overhead)
    return fitted_latency(model, gpu.name, *served) or structural_latency(model, gpu, *served)
