"""What most methods share."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cloudsim.l2a.evaluation.methods.method import Setting

if TYPE_CHECKING:
    from torch.nn import Module

    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.evaluation.contender import Contender
    from cloudsim.l2a.mask import Mask
    from cloudsim.l2a.weights_folder import WeightsFolder


class Baseline:
    """A method that needs the dense model only and searches nothing; others change what is different."""

    elastic = False
    full = False
    searches = False
    version = 1

    def missing(self, weights: "WeightsFolder", budget: float) -> str | None:
        """Nothing."""
        return None

    def sources(self, weights: "WeightsFolder", budget: float) -> Sequence[Any]:
        """None."""
        return ()

    def prepare(self, bench: "Bench", budgets: Sequence[float]) -> dict[float, Setting]:
        """Nothing."""
        return {}


def masked(bench: "Bench", budget: float, mask: "Mask", base: "Module | None" = None) -> "Contender":
    """One mask for every input, on the dense model or on a healed copy of it."""
    from cloudsim.l2a.budget import ComputeBudget
    from cloudsim.l2a.decoder import SkippingDecoder
    from cloudsim.l2a.evaluation.contender import Contender
    from cloudsim.l2a.plan import StaticPlanner

    planner = StaticPlanner(*mask.tensors())
    decoder = bench.decoder if base is None else SkippingDecoder(base)
    return Contender(decoder, bench.cost, lambda _: planner, ComputeBudget.of(budget, bench.tokens).vector)
