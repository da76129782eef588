"""Static masks by position alone."""

from typing import TYPE_CHECKING

from cloudsim.l2a.evaluation.methods.baseline import Baseline, masked
from cloudsim.l2a.evaluation.methods.method import Setting
from cloudsim.l2a.mask import Mask, sizes

if TYPE_CHECKING:
    from cloudsim.l2a.cost import ModelCost
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.evaluation.contender import Contender


class EveryKth(Baseline):
    """Layers skipped at equal distances, first and last kept; head groups skipped in turn in those that run."""

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> "Contender":
        """The dense model under the mask."""
        return masked(bench, budget, even_mask(bench.cost, budget))


def even_mask(cost: "ModelCost", budget: float) -> Mask:
    """The mask of a budget."""
    from cloudsim.l2a.budget import ComputeBudget

    count, pairs = sizes(cost, ComputeBudget.of(budget))
    kept = [round(place * (cost.layers - 1) / max(1, count - 1)) for place in range(count)]
    mask = Mask.of_layers(kept, cost.layers, cost.groups)
    surplus = count * cost.groups - pairs
    # The k-th group to go is taken from the layers in turn, and never twice the same number running.
    for number in range(surplus):
        mask = mask.without(kept[number % count], (number % count + number // count) % cost.groups)
    return mask
