"""The dense model, and a smaller one of the same shape."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cloudsim.l2a.evaluation.methods.baseline import Baseline
from cloudsim.l2a.evaluation.methods.method import Setting
from cloudsim.l2a.weights_folder import SMALLER, WeightsFolder, how_to_make

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.evaluation.contender import Contender


class Dense(Baseline):
    """Everything runs."""

    full = True

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> "Contender":
        """The dense model, whatever the budget."""
        from cloudsim.l2a.evaluation.contender import Contender
        from cloudsim.l2a.plan import DensePlanner

        planner = DensePlanner(bench.cost.groups)
        return Contender(bench.decoder, bench.cost, lambda _: planner, (1.0, 1.0, bench.tokens))


class SmallerDense(Baseline):
    """A model of fewer layers, trained alike from scratch: one point, at the compute it has."""

    full = True

    def missing(self, weights: WeightsFolder, budget: float) -> str | None:
        """The smaller model."""
        return None if SMALLER in weights.parts else f"{weights.path / SMALLER} is not there; {how_to_make(SMALLER)}"

    def sources(self, weights: WeightsFolder, budget: float) -> Sequence[Any]:
        """The smaller model."""
        return (weights.parts[SMALLER],)

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> "Contender":
        """The smaller model, whatever the budget."""
        from cloudsim.l2a.cost import ModelCost
        from cloudsim.l2a.decoder import SkippingDecoder
        from cloudsim.l2a.evaluation.contender import Contender
        from cloudsim.l2a.plan import DensePlanner

        config: Any = bench.smaller.config
        own = ModelCost.of(config)
        scale = layer_compute(own) / layer_compute(bench.cost)
        planner = DensePlanner(own.groups)
        return Contender(SkippingDecoder(bench.smaller), own, lambda _: planner, (1.0, 1.0, bench.tokens), scale=scale)


def layer_compute(cost: Any) -> float:
    """Operations of all projections and MLPs for one token."""
    return float(cost.layers * (cost.groups * cost.group + cost.mlp))
