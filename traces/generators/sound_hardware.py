"""GPUs that stay whole for as long as their instance does."""

import numpy as np

from traces.hardware import HardwareSeries
from traces.options import Options
from traces.provenance import Source


class SoundHardware(Options):
    """Nothing happens to the GPUs of an instance."""

    @property
    def source(self) -> Source | None:
        """Nothing is assumed."""
        return None

    def hardware(self, duration_s: float, gpus: int, rng: np.random.Generator) -> HardwareSeries | None:
        """No series; see `traces.sources.HardwareSource`."""
        return None
