"""The compute budget that the gates read."""

from dataclasses import dataclass

from cloudsim.errors import ModelError
from cloudsim.l2a.tasks.problem import Effort

# Table 4 of the paper skips 47.1 % of the layers and 30.8 % of the heads at b = 0.6, 24.1 % and 15.7 % at b = 0.8: layers 1.2 times and
# heads 0.8 times the share that b asks for, so that their mean is b.
LAYER_SHARE, HEAD_SHARE = 1.2, 0.8
FULL_FROM, TERSE_FROM = 0.75, 0.4


@dataclass(frozen=True, slots=True)
class ComputeBudget:
    """Shares of the full compute, each in [0, 1].

    Args:
        depth: of the layers.
        width: of the KV head groups in the layers that run.
        tokens: of the reasoning tokens.

    Raises:
        ModelError: a share is outside [0, 1].
    """

    depth: float
    width: float
    tokens: float

    def __post_init__(self) -> None:
        wrong = [f"{name} is {value!r}" for name, value in zip(self.__slots__, self.vector, strict=True) if not 0.0 <= value <= 1.0]
        if wrong:
            raise ModelError(f"budget: {', '.join(wrong)}; a budget is a share of the full compute, from 0 to 1")

    @classmethod
    def of(cls, budget: "float | ComputeBudget", tokens: float = 1.0) -> "ComputeBudget":
        """The vector of a scalar budget b: layers and heads as the paper's table shares them out; a vector stays as it is."""
        if isinstance(budget, ComputeBudget):
            return budget
        if not 0.0 <= budget <= 1.0:
            raise ModelError(f"budget: b is {budget!r}; a budget is a share of the full compute, from 0 to 1")
        return cls(max(0.0, 1 - LAYER_SHARE * (1 - budget)), 1 - HEAD_SHARE * (1 - budget), tokens)

    @property
    def vector(self) -> tuple[float, float, float]:
        """Depth, width, tokens."""
        return (self.depth, self.width, self.tokens)

    @property
    def compute(self) -> float:
        """C(b) of the paper: layers and heads weighted equally."""
        return (self.depth + self.width) / 2

    @property
    def effort(self) -> Effort:
        """The kind of chain that the tokens dimension asks for."""
        return Effort.FULL if self.tokens >= FULL_FROM else Effort.TERSE if self.tokens >= TERSE_FROM else Effort.DIRECT
