"""What the host adds to the work of the GPUs."""

from typing import NamedTuple


class Host(NamedTuple):
    """Seconds of every step, and of every step for each sequence in it."""

    step_s: float
    sequence_s: float
