"""GPUs that fail one by one and are repaired, while their instance goes on."""

import numpy as np

from traces.generators.on_off import on_off
from traces.hardware import HardwareSeries
from traces.options import Generated, Positive, check_duration


class FailingGpus(Generated):
    """Each GPU fails by itself, with exponential times between failures, and comes back after a repair.

    Args:
        mean_up_s: mean time from a repair to the next failure of one GPU.
        mean_repair_s: mean time a failed GPU is gone, exponential too.
    """

    mean_up_s: Positive
    mean_repair_s: Positive

    def hardware(self, duration_s: float, gpus: int, rng: np.random.Generator) -> HardwareSeries | None:
        """One instance from time 0 to `duration_s`; see `traces.sources.HardwareSource`."""
        check_duration(type(self).__name__, duration_s)
        gone = [list(on_off(duration_s, self.mean_up_s, self.mean_repair_s, each)) for each in rng.spawn(gpus)]
        times = np.unique(np.array([0.0, *(time_s for spans in gone for span in spans for time_s in span)]))
        taken = np.zeros((len(times), gpus))
        for gpu, spans in enumerate(gone):
            for fails_s, repaired_s in spans:
                taken[(times >= fails_s) & (times < repaired_s), gpu] = 1.0
        return HardwareSeries(times, taken)
