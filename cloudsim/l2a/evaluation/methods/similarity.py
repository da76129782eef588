"""Skipping the layers that change the states least: ShortGPT for all inputs alike, AdaSkip for each sequence."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cloudsim.l2a.evaluation.methods.baseline import Baseline, masked
from cloudsim.l2a.evaluation.methods.method import Setting
from cloudsim.l2a.mask import Mask, whole_layers

if TYPE_CHECKING:
    from torch import Tensor

    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.evaluation.contender import Contender
    from cloudsim.l2a.plan import Planner
    from cloudsim.l2a.tasks.suite import Question


class ShortGPT(Baseline):
    """The layers of least block influence, 1 − E[cos(state before, state after)], are skipped (Men et al., arXiv 2403.03853)."""

    searches = True

    def prepare(self, bench: "Bench", budgets: Sequence[float]) -> dict[float, Setting]:
        """Influence on prompts and worked answers of the calibration problems."""
        from cloudsim.l2a.budget import ComputeBudget

        influence = 1 - row_similarities(bench, [[*question.prompt, *question.worked] for question in bench.questions]).mean(0)
        order = influence.argsort(descending=True, stable=True).tolist()
        cost = bench.cost
        counts = {budget: whole_layers(cost, ComputeBudget.of(budget)) for budget in budgets}
        return {budget: Mask.of_layers(order[:count], cost.layers, cost.groups).as_json() for budget, count in counts.items()}

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> "Contender":
        """The dense model under the mask."""
        return masked(bench, budget, Mask.from_json(setting or {}, "the setting of shortgpt"))


class AdaSkip(Baseline):
    """Each sequence skips the layers whose input and output were most alike on its own prompt (after He et al., AAAI 2025).

    Whole layers are skipped, where the original skips attention and MLP apart. The prompt is first read by the dense model to learn the
    similarities; that reading is not in the compute that is reported.
    """

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> "Contender":
        """The dense model under a mask for each sequence."""
        from cloudsim.l2a.budget import ComputeBudget
        from cloudsim.l2a.evaluation.contender import Contender

        count = whole_layers(bench.cost, ComputeBudget.of(budget))

        def planner(questions: "Sequence[Question]") -> "Planner":
            import torch

            from cloudsim.l2a.forcing import PlannedRows
            from cloudsim.l2a.plan import Plan

            alike = row_similarities(bench, [question.prompt for question in questions])
            kept = torch.zeros(alike.shape, dtype=torch.bool)
            kept.scatter_(1, alike.argsort(dim=1, stable=True)[:, :count], True)
            return PlannedRows(Plan(kept, kept.unsqueeze(2).expand(-1, -1, bench.cost.groups).clone()))

        return Contender(bench.decoder, bench.cost, planner, ComputeBudget.of(budget, bench.tokens).vector)


def row_similarities(bench: "Bench", rows: "Sequence[Sequence[int]]") -> "Tensor":
    """The similarities of the dense model's layers on token ids. Shape (rows, layers)."""
    import torch

    from cloudsim.l2a.block_influence import similarities

    length = max(map(len, rows))
    tokens = torch.zeros(len(rows), length, dtype=torch.long)
    for row, ids in enumerate(rows):
        tokens[row, : len(ids)] = torch.tensor(ids)
    counts = torch.tensor([len(ids) for ids in rows])
    return similarities(bench.dense, tokens, torch.arange(length) < counts.unsqueeze(1))
