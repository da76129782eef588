"""Skipping the layers that change the states least: ShortGPT for all inputs alike, AdaSkip for each sequence."""

from collections.abc import Sequence
from itertools import pairwise
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

        influence = 1 - similarities(bench, [[*question.prompt, *question.worked] for question in bench.questions]).mean(0)
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

            from cloudsim.l2a.evaluation.forcing import PlannedRows
            from cloudsim.l2a.plan import Plan

            alike = similarities(bench, [question.prompt for question in questions])
            kept = torch.zeros(alike.shape, dtype=torch.bool)
            kept.scatter_(1, alike.argsort(dim=1, stable=True)[:, :count], True)
            return PlannedRows(Plan(kept, kept.unsqueeze(2).expand(-1, -1, bench.cost.groups).clone()))

        return Contender(bench.decoder, bench.cost, planner, ComputeBudget.of(budget, bench.tokens).vector)


def similarities(bench: "Bench", rows: "Sequence[Sequence[int]]") -> "Tensor":
    """Mean over tokens of the cosine between the states before and after each layer of the dense model. Shape (rows, layers)."""
    import torch

    length = max(map(len, rows))
    tokens = torch.zeros(len(rows), length, dtype=torch.long)
    for row, ids in enumerate(rows):
        tokens[row, : len(ids)] = torch.tensor(ids)
    counts = torch.tensor([len(ids) for ids in rows])
    seen = torch.arange(length) < counts.unsqueeze(1)
    states: list[Tensor] = []
    # Hooks, since the hidden states that transformers returns have their last one normalised.
    hooks = [bench.dense.get_submodule("model.layers.0").register_forward_pre_hook(lambda _, given: states.append(given[0]))]
    for layer in range(bench.cost.layers):
        module = bench.dense.get_submodule(f"model.layers.{layer}")
        hooks.append(module.register_forward_hook(lambda _, __, out: states.append(out[0] if isinstance(out, tuple) else out)))
    try:
        with torch.inference_mode():
            bench.dense(input_ids=tokens, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    cosines = [torch.cosine_similarity(before, after, dim=-1) for before, after in pairwise(states)]
    return torch.stack([(each * seen).sum(1) / counts for each in cosines], dim=1)
