"""The problems of a measured profile as tables: which of them a request stands for, and what became of it at each level."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.models.elastic import Level
from cloudsim.models.measured import MeasuredProfile, Numbers
from traces.tables import Floats, Ints


class Suite:
    """The records of one profile.

    Attributes:
        prompt_tokens: shape (problems,).
        right, new_tokens, think_tokens: shape (levels, problems).
    """

    def __init__(self, profile: MeasuredProfile) -> None:
        self.profile = profile
        facts, levels = profile.suite, profile.levels
        self._family, self._difficulty = _numbers(facts.family), _numbers(facts.difficulty)
        self.prompt_tokens = _numbers(facts.prompt_tokens)
        self.right = np.array([[mark == "1" for mark in level.right] for level in levels])
        self.new_tokens = np.array([_numbers(level.new_tokens) for level in levels])
        self.think_tokens = np.array([_numbers(level.think_tokens) for level in levels])
        self._mask = np.array([_numbers(level.mask) for level in levels])

    def pick(self, difficulty: Floats, luck: Floats) -> Ints:
        """The problem that each request stands for, so that equal difficulty and luck mean the same one in every contender.

        Luck picks a family, each as likely; difficulty in [0, 1] one of its grades; the rest of luck one of the problems there.

        Args:
            difficulty, luck: shape (n,).
        """
        families = len(self.profile.suite.families)
        family = np.minimum((luck * families).astype(np.int64), families - 1)
        rest = luck * families - family
        grade = grades(difficulty, np.array(self.profile.suite.hardest)[family])
        picked = np.zeros(len(luck), dtype=np.int64)
        for (one, hard), problems in self._cells.items():
            rows = np.flatnonzero((family == one) & (grade == hard))
            picked[rows] = problems[np.minimum((rest[rows] * len(problems)).astype(np.int64), len(problems) - 1)]
        return picked

    @cached_property
    def _cells(self) -> dict[tuple[int, int], Ints]:
        """Problems by family and difficulty; those of the nearest difficulty where there is none."""
        cells = {}
        for family, hardest in enumerate(self.profile.suite.hardest):
            mine = np.flatnonzero(self._family == family)
            for grade in range(1, hardest + 1):
                distance = np.abs(self._difficulty[mine] - grade)
                cells[family, grade] = mine[distance == distance.min()] if len(mine) else np.arange(len(self._family))
        return cells

    def ran(self, level: Level, problem: int) -> Level:
        """The level as a problem realised it."""
        return self._realised[int(self._mask[level.index, problem])][level.index]

    @cached_property
    def _realised(self) -> list[list[Level]]:
        shape, nominal = self.profile.model, self.profile.elastic(realised=True).levels
        made = []
        for mask in self.profile.masks:
            layers = tuple(index for index, mark in enumerate(mask.layers) if mark == "1")
            made.append([realised_level(level, layers, mask.units, shape.layers, shape.kv_heads) for level in nominal])
        return made


def grades(difficulty: Floats, hardest: NDArray[Any]) -> Ints:
    """Steps from 1 to `hardest` for difficulties in [0, 1], each an equal share of them. Shape (n,)."""
    graded: Ints = np.minimum((difficulty * hardest).astype(np.int64), hardest - 1) + 1
    return graded


def realised_level(level: Level, layers: tuple[int, ...], units: int, model_layers: int, groups: int) -> Level:
    """`level` with what a sequence really ran: its layers, and its head groups summed over them."""
    width = units / (len(layers) * groups)
    return Level(level.index, level.budget, len(layers), units, len(layers) / model_layers, width, level.tokens, level.quality, layers)


def _numbers(text: Numbers) -> Ints:
    return np.array(text.split(), dtype=np.int64)
