"""What a baseline has to be."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.evaluation.contender import Contender
    from cloudsim.l2a.weights_folder import WeightsFolder

Setting = Mapping[str, Any]
"""What a search on calibration problems found for one budget, as JSON: a mask, a threshold."""


class Method(Protocol):
    """One answer to the question of how to spend less.

    Attributes:
        elastic: whether it is measured at `budgets`, else at `baseline_budgets`.
        full: whether a budget of 1 is another thing than the dense model.
        searches: whether `prepare` finds anything.
        version: part of the key of its records; raise it when the method changes.
    """

    elastic: bool
    full: bool
    searches: bool
    version: int

    def missing(self, weights: "WeightsFolder", budget: float) -> str | None:
        """What must be made before it can be measured at a budget; None if nothing."""
        ...

    def sources(self, weights: "WeightsFolder", budget: float) -> Sequence[Any]:
        """Files and folders that its answers depend on, besides the dense model."""
        ...

    def prepare(self, bench: "Bench", budgets: Sequence[float]) -> dict[float, Setting]:
        """Search on the calibration problems; empty if nothing is searched."""
        ...

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> "Contender":
        """The method at a budget."""
        ...
