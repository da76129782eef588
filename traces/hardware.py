"""What happens to the GPUs of an instance that stays: memory that others take, GPUs that fail."""

from dataclasses import dataclass

import numpy as np

from traces.errors import TraceError
from traces.tables import Floats


@dataclass(frozen=True, slots=True)
class HardwareSeries:
    """The GPUs of one instance as change points: row i holds from time_s[i] until time_s[i + 1].

    Args:
        time_s: strictly increasing, the first is 0. Shape (k,).
        taken_share: share of each GPU's memory that the serving engine cannot have, in [0, 1]; 1 where the GPU is gone. Shape (k, gpus).
    """

    time_s: Floats
    taken_share: Floats

    def check(self) -> "HardwareSeries":
        """Return the series itself, or raise `TraceError` with every broken invariant."""
        problems = []
        if self.taken_share.ndim != 2 or len(self.time_s) != len(self.taken_share) or not len(self.time_s):
            raise TraceError("a hardware series needs a row of taken_share, one number a GPU, for each time")
        if self.time_s[0] != 0 or not np.isfinite(self.time_s).all() or (np.diff(self.time_s) <= 0).any():
            problems.append("the times of a hardware series must start at 0 and rise; they run backwards or repeat")
        if not ((self.taken_share >= 0) & (self.taken_share <= 1)).all():
            problems.append("taken_share of a hardware series must lie in [0, 1]; it is a share of each GPU's memory")
        if problems:
            raise TraceError(*problems)
        return self

    def row_at(self, time_s: float) -> int:
        """The row that holds at a time."""
        return int(np.searchsorted(self.time_s, time_s, side="right")) - 1
