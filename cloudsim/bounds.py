"""The least and the most of a number that a policy sets."""

from dataclasses import dataclass
from math import ceil, inf


@dataclass(frozen=True, slots=True)
class Bounds:
    """Instances of a pool that a scaling policy may ask for.

    Args:
        least: at least 0. most: at least `least`; None sets no limit.

    Raises:
        ValueError: they are not in order.
    """

    least: int
    most: int | None

    def __post_init__(self) -> None:
        if not 0 <= self.least <= (inf if self.most is None else self.most):
            raise ValueError(f"least is {self.least} and most is {self.most}; accepted: 0 <= least <= most")

    def of(self, wanted: float) -> int:
        """The next whole number up from `wanted`, within the bounds; 1e-9 of it is taken for rounding."""
        whole = max(self.least, ceil(wanted - 1e-9 * max(1.0, abs(wanted))))
        return whole if self.most is None else min(self.most, whole)
