"""Oracle static pruning: the mask that a search on calibration problems finds best for one budget."""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from cloudsim.l2a.evaluation.mask import Mask, sizes
from cloudsim.l2a.evaluation.methods.baseline import Baseline, masked
from cloudsim.l2a.evaluation.methods.method import Setting

if TYPE_CHECKING:
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.evaluation.contender import Contender

TRIED = 6


class OracleStatic(Baseline):
    """Greedy backward search by the loss of worked answers.

    Layers go one by one, each time the one whose loss hurts least of all; then head groups, each time the best of a random few (the
    stochastic greedy of Mirzasoleiman et al. 2015), down to the budget's size. The first layer stays. Smaller budgets go on from larger
    ones.
    """

    searches = True

    def prepare(self, bench: "Bench", budgets: Sequence[float]) -> dict[float, Setting]:
        """Search; one path serves all budgets."""
        from cloudsim.l2a.budget import ComputeBudget

        mask, found, random = Mask.full(bench.cost.layers, bench.cost.groups), dict[float, Setting](), Random(f"oracle {bench.seed}")
        for budget in sorted(budgets, reverse=True):
            layers, pairs = sizes(bench.cost, ComputeBudget.of(budget))
            while len(mask.kept) > layers:
                mask = best(bench, [mask.without(layer) for layer in mask.kept[1:]])
            while len(mask.pairs) > pairs:
                inner = [pair for pair in mask.pairs if pair[0]]
                mask = best(bench, [mask.without(*pair) for pair in random.sample(inner, min(TRIED, len(inner)))])
            found[budget] = mask.as_json()
        return found

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> "Contender":
        """The dense model under the mask."""
        return masked(bench, budget, Mask.from_json(setting or {}, "the setting of oracle_static"))


def best(bench: "Bench", masks: Sequence[Mask]) -> Mask:
    """The mask under which the dense model's loss on the calibration problems is lowest; the first of equals."""
    from cloudsim.l2a.evaluation.forcing import by_length, forced_loss
    from cloudsim.l2a.plan import StaticPlanner

    batches = [[bench.questions[number] for number in batch] for batch in by_length(bench.questions, 32)]

    def loss(mask: Mask) -> float:
        planner = StaticPlanner(*mask.tensors())
        return sum(len(batch) * forced_loss(bench.decoder, batch, planner) for batch in batches)

    return min(masks, key=loss)
