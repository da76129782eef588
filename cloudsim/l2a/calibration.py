"""Making the gates keep to what is asked: the depth and width to give them, so that a sequence runs what the budget says on average."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloudsim.l2a.budget import ComputeBudget

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from cloudsim.l2a.network import L2AForCausalLM

GRID = tuple(step / 20 for step in range(6, 20))
"""Scalar budgets at which maps are fitted; 1 is the whole model."""

TURNS = 8
ROWS = 128
Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The maps of an elastic model's configuration, and how well they keep.

    Args:
        depth_map, width_map: points (asked, given to the gates), rising in both.
        errors: for each budget of the grid, realised less asked depth and width.
    """

    depth_map: Points
    width_map: Points
    errors: dict[float, tuple[float, float]]

    @property
    def sparsity(self) -> dict[float, tuple[float, float]]:
        """Shares of the layers, and of the head groups in those that run, that are skipped at each budget of the grid."""
        asked = {budget: ComputeBudget.of(budget) for budget in self.errors}
        return {
            budget: (1 - asked[budget].depth - depth, 1 - asked[budget].width - width) for budget, (depth, width) in self.errors.items()
        }

    @property
    def worst(self) -> float:
        """The largest error of the mean of depth and width."""
        return max(abs(depth + width) / 2 for depth, width in self.errors.values())

    def apply(self, model: "L2AForCausalLM") -> None:
        """Write the maps into the model's configuration."""
        model.config.depth_map, model.config.width_map = self.depth_map, self.width_map


def calibrate(
    model: "L2AForCausalLM", prompts: Sequence[Sequence[int]], grid: Sequence[float] = GRID, turns: int = TURNS, tokens: float = 1.0
) -> Calibration:
    """Find the maps for the scalar budgets of `grid`.

    Each turn decides once a budget with the hard gates. Then what came of it is made monotone in what was given and the curve is
    turned round, or, in every other turn, the best found so far goes half the way of its error. The former maps of the model play no part,
    and it is not changed.

    Args:
        prompts: token ids of calibration problems; some hundreds for errors below one point.
        tokens: tokens dimension of the budgets.
    """
    import numpy as np

    asked = np.array([ComputeBudget.of(budget).vector[:2] for budget in sorted(grid)])
    given, tried, came = asked.copy(), [np.zeros((1, 2)), np.ones((1, 2))], [np.zeros((1, 2)), np.ones((1, 2))]
    best, errors, rows = given.copy(), np.full_like(given, np.inf), Prompts(model, prompts)
    for turn in range(turns + 1):
        realised = np.array([rows.realise(depth, width, tokens) for depth, width in given])
        # Each budget keeps the turn that came nearest.
        better = np.abs(realised - asked).max(1) < np.abs(errors).max(1)
        best[better], errors[better] = given[better], (realised - asked)[better]
        tried.append(given)
        came.append(realised)
        if turn % 2:
            given = np.clip(best - errors / 2, 0.0, 1.0)
            continue
        given = np.stack([_inverse(np.concatenate(tried)[:, side], np.concatenate(came)[:, side], asked[:, side]) for side in (0, 1)], 1)
    found = {budget: (float(depth), float(width)) for budget, (depth, width) in zip(sorted(grid), errors, strict=True)}
    return Calibration(_points(asked[:, 0], best[:, 0]), _points(asked[:, 1], best[:, 1]), found)


class Prompts:
    """The calibration prompts, as the gates of a model read them.

    Args:
        model: its gates are used without any map.
        prompts: token ids.
    """

    def __init__(self, model: "L2AForCausalLM", prompts: Sequence[Sequence[int]]) -> None:
        from cloudsim.l2a.gates import NestedGates

        rows = sorted(map(list, prompts), key=len)
        self._model, self._batches = model, [rows[first : first + ROWS] for first in range(0, len(rows), ROWS)]
        # Nested gates read the state after the first layer, which hangs on no decision: once is enough.
        self._states = [self._state(batch) for batch in self._batches] if isinstance(model.gates, NestedGates) else None

    def realise(self, depth: float, width: float, tokens: float) -> tuple[float, float]:
        """Mean share of the layers that run, and of the head groups in those, when the gates are given this."""
        import torch

        layers, groups = [], []
        for number, batch in enumerate(self._batches):
            budget = torch.tensor([[depth, width, tokens]] * len(batch), dtype=torch.float32)
            if self._states is None:
                plan = self._model.decoder().prefill(batch, budget, _Uncalibrated(self._model)).plan
                layers.append(plan.layers)
                groups.append(plan.groups)
                continue
            with torch.inference_mode():
                made = [self._model.gates.decide(index, state, budget, 1.0, True) for index, state in enumerate(self._states[number])]
            layers.append(torch.stack([decision.layer for decision in made], 1) > 0)
            groups.append((torch.stack([decision.groups for decision in made], 1) > 0) & layers[-1].unsqueeze(2))
        run, heads = torch.cat(layers), torch.cat(groups)
        wide = heads.sum((1, 2)) / (run.sum(1) * heads.shape[2])
        return float(run.double().mean()), float(wide.double().mean())

    def _state(self, batch: list[list[int]]) -> "list[Tensor | None]":
        """What the gates are given of the prompts before each layer."""
        import torch

        reading = _Reading(self._model)
        self._model.decoder().prefill(batch, torch.ones(len(batch), 3), reading)
        return reading.states


class _Uncalibrated:
    """The gates without the configuration's maps."""

    def __init__(self, model: "L2AForCausalLM") -> None:
        self._gates = model.gates

    def reads(self, index: int) -> bool:
        return self._gates.reads(index)

    def decide(self, index: int, state: Any, budget: Any) -> Any:
        return self._gates.decide(index, state, budget, 1.0, True)


class _Reading(_Uncalibrated):
    """The gates, and what they are given of the prompts before each layer."""

    def __init__(self, model: "L2AForCausalLM") -> None:
        super().__init__(model)
        self.states: list[Tensor | None] = []

    def decide(self, index: int, state: Any, budget: Any) -> Any:
        self.states.append(state)
        return super().decide(index, state, budget)


def _inverse(given: "NDArray[Any]", realised: "NDArray[Any]", asked: "NDArray[Any]") -> "NDArray[Any]":
    """What to give for what is asked: isotonic regression of realised on given, read backwards."""
    import numpy as np
    from scipy.optimize import isotonic_regression

    order = np.lexsort((realised, given))
    rising = isotonic_regression(realised[order]).x
    # Equal values leave the way back open: the middle of what gives them is taken.
    levels, place = np.unique(np.round(rising, 9), return_inverse=True)
    middle = np.array([given[order][place == level].mean() for level in range(len(levels))])
    back: NDArray[Any] = np.interp(asked, levels, middle)
    return back.clip(0.0, 1.0)


def _points(asked: "NDArray[Any]", given: "NDArray[Any]") -> Points:
    """Pairs from 0 to 1, rising in both."""
    import numpy as np

    rising = np.maximum.accumulate(np.concatenate([[0.0], given, [1.0]]))
    points = dict(zip(np.concatenate([[0.0], asked, [1.0]]).round(6).tolist(), rising.round(6).tolist(), strict=True))
    return sorted(points.items())
