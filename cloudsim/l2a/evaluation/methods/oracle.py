"""Oracle static pruning: the mask that a search on calibration problems finds best for one budget."""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from cloudsim.l2a.evaluation.methods.baseline import Baseline, masked
from cloudsim.l2a.evaluation.methods.method import Setting
from cloudsim.l2a.mask import Mask, sizes

if TYPE_CHECKING:
    from cloudsim.l2a.cost import ModelCost
    from cloudsim.l2a.decoder import SkippingDecoder
    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.evaluation.contender import Contender
    from cloudsim.l2a.tasks.suite import Question

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
        found = searched(bench.decoder, bench.cost, bench.questions, budgets, bench.seed)
        return {budget: mask.as_json() for budget, mask in found.items()}

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> "Contender":
        """The dense model under the mask."""
        return masked(bench, budget, Mask.from_json(setting or {}, "the setting of oracle_static"))


def searched(
    decoder: "SkippingDecoder", cost: "ModelCost", questions: "Sequence[Question]", budgets: Sequence[float], seed: int
) -> dict[float, Mask]:
    """The mask of each budget.

    Args:
        decoder: of the dense model.
        cost: of the dense model.
        questions: calibration problems.
        seed: of the head groups that are tried.
    """
    from cloudsim.l2a.budget import ComputeBudget

    mask, found, random = Mask.full(cost.layers, cost.groups), dict[float, Mask](), Random(f"oracle {seed}")
    for budget in sorted(budgets, reverse=True):
        layers, pairs = sizes(cost, ComputeBudget.of(budget))
        while len(mask.kept) > layers:
            mask = best(decoder, questions, [mask.without(layer) for layer in mask.kept[1:]])
        while len(mask.pairs) > pairs:
            inner = [pair for pair in mask.pairs if pair[0]]
            mask = best(decoder, questions, [mask.without(*pair) for pair in random.sample(inner, min(TRIED, len(inner)))])
        found[budget] = mask
    return found


def best(decoder: "SkippingDecoder", questions: "Sequence[Question]", masks: Sequence[Mask]) -> Mask:
    """The mask under which the dense model's loss on the calibration problems is lowest; the first of equals."""
    from cloudsim.l2a.forcing import by_length, forced_loss
    from cloudsim.l2a.plan import StaticPlanner

    batches = [[questions[number] for number in batch] for batch in by_length(questions, 32)]

    def loss(mask: Mask) -> float:
        planner = StaticPlanner(*mask.tensors())
        return sum(len(batch) * forced_loss(decoder, batch, planner) for batch in batches)

    return min(masks, key=loss)
