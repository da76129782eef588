"""Masks that the input does not choose, with LoRA trained under them."""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any
from zlib import crc32

from cloudsim.errors import ModelError
from cloudsim.l2a.evaluation.methods.baseline import Baseline, masked
from cloudsim.l2a.evaluation.methods.method import Setting
from cloudsim.l2a.weights_folder import HEALED, RANDOM_DROP, WeightsFolder, adapter_name, how_to_make

if TYPE_CHECKING:
    from pathlib import Path

    from cloudsim.l2a.evaluation.bench import Bench
    from cloudsim.l2a.evaluation.contender import Contender
    from cloudsim.l2a.plan import Planner
    from cloudsim.l2a.tasks.suite import Question


class Healed(Baseline):
    """A static mask with adapters of its own at each budget: one model a budget. Args: method: whose masks."""

    def __init__(self, method: str) -> None:
        self._method = method

    def missing(self, weights: WeightsFolder, budget: float) -> str | None:
        """The adapters of the budget."""
        return missing_adapter(weights, self._method, budget)

    def sources(self, weights: WeightsFolder, budget: float) -> Sequence[Any]:
        """The adapters and their mask."""
        return adapter_files(weights, self._method, budget)

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> "Contender":
        """The healed model under its mask."""
        from cloudsim.l2a.adapters import load_adapter

        path = adapter_files(bench.weights, self._method, budget)[0]
        base, mask = load_adapter(bench.dense, path)
        if mask is None:
            raise ModelError(f"{path.with_suffix('.json')}: names no mask; {how_to_make(adapter_name(self._method, budget))}")
        return masked(bench, budget, mask, base)


class RandomDrop(Baseline):
    """One model trained with layers and head groups dropped at random; each problem meets a random mask of the budget's size."""

    full = True

    def missing(self, weights: WeightsFolder, budget: float) -> str | None:
        """The adapters."""
        return missing_adapter(weights, RANDOM_DROP, None)

    def sources(self, weights: WeightsFolder, budget: float) -> Sequence[Any]:
        """The adapters."""
        return adapter_files(weights, RANDOM_DROP, None)

    def contender(self, bench: "Bench", budget: float, setting: Setting | None) -> "Contender":
        """The model; the mask of a problem follows from the seed and its prompt."""
        from cloudsim.l2a.adapters import load_adapter
        from cloudsim.l2a.budget import ComputeBudget
        from cloudsim.l2a.decoder import SkippingDecoder
        from cloudsim.l2a.evaluation.contender import Contender

        base, _ = load_adapter(bench.dense, adapter_files(bench.weights, RANDOM_DROP, None)[0])

        def planner(questions: "Sequence[Question]") -> "Planner":
            return random_plan(questions, bench.cost.layers, bench.cost.groups, budget, bench.seed)

        return Contender(SkippingDecoder(base), bench.cost, planner, ComputeBudget.of(budget, bench.tokens).vector)


def random_plan(questions: "Sequence[Question]", layers: int, groups: int, budget: float, seed: int) -> "Planner":
    """A mask for each question that does not depend on the rest of its batch."""
    import torch

    from cloudsim.l2a.forcing import PlannedRows
    from cloudsim.l2a.plan import Plan
    from cloudsim.l2a.training.masks import random_mask

    drawn = []
    for question in questions:
        number = crc32(question.problem.question.encode())
        drawn.append(random_mask(Random(f"drop {seed} {budget} {number}"), layers, groups, budget))
    kept, heads = torch.stack([kept for kept, _ in drawn]).bool(), torch.stack([heads for _, heads in drawn]).bool()
    return PlannedRows(Plan(kept, heads & kept.unsqueeze(2)))


def missing_adapter(weights: WeightsFolder, method: str, budget: float | None) -> str | None:
    """What must be made; None if it is there."""
    if weights.adapter(method, budget) is not None:
        return None
    name = adapter_name(method, budget)
    return f"{weights.path / HEALED / name}.safetensors is not there; {how_to_make(name)}"


def adapter_files(weights: WeightsFolder, method: str, budget: float | None) -> "list[Path]":
    """The adapters and the mask beside them."""
    path = weights.adapter(method, budget)
    if path is None:
        raise ModelError(str(missing_adapter(weights, method, budget)))
    return [path, path.with_suffix(".json")]
