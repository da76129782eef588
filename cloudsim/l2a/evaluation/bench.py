"""What the methods are made from: the models, each loaded when first asked for, and the calibration problems."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cloudsim.l2a.tasks.problem import Effort
from cloudsim.l2a.tasks.suite import Question, calibration_suite
from cloudsim.l2a.weights_folder import DENSE, SMALLER, WeightsFolder

if TYPE_CHECKING:
    from torch.nn import Module

    from cloudsim.l2a.cost import ModelCost
    from cloudsim.l2a.decoder import SkippingDecoder
    from cloudsim.l2a.network import L2AForCausalLM


class Bench:
    """Models in evaluation mode, float32.

    Args:
        weights: where they are.
        calibration: number of calibration problems.
        seed: of the calibration problems and of every random choice of a method.
        tokens: tokens dimension of every budget.
    """

    def __init__(self, weights: WeightsFolder, calibration: int = 48, seed: int = 0, tokens: float = 1.0) -> None:
        self.weights, self._count, self.seed, self.tokens = weights, calibration, seed, tokens
        self._elastic: dict[str, L2AForCausalLM] = {}

    @property
    def effort(self) -> Effort:
        """The kind of chain that the tokens dimension asks for."""
        from cloudsim.l2a.budget import ComputeBudget

        return ComputeBudget.of(1.0, self.tokens).effort

    @cached_property
    def questions(self) -> list[Question]:
        """The calibration problems."""
        return calibration_suite(self._count, self.seed, self.effort)

    @cached_property
    def dense(self) -> "Module":
        """The dense model."""
        from cloudsim.l2a.training.finished_model import load_dense

        return load_dense(str(self.weights.parts[DENSE])).eval()

    @cached_property
    def smaller(self) -> "Module":
        """The smaller dense model."""
        from cloudsim.l2a.training.finished_model import load_dense

        return load_dense(str(self.weights.parts[SMALLER])).eval()

    @cached_property
    def decoder(self) -> "SkippingDecoder":
        """The dense model's decoder."""
        from cloudsim.l2a.decoder import SkippingDecoder

        return SkippingDecoder(self.dense)

    @cached_property
    def cost(self) -> "ModelCost":
        """The dense model's cost."""
        from cloudsim.l2a.cost import ModelCost

        config: Any = self.dense.config
        return ModelCost.of(config)

    def elastic(self, part: str, load: "Callable[[str], L2AForCausalLM] | None" = None) -> "L2AForCausalLM":
        """An elastic model, `nested` or `faithful`."""
        from cloudsim.l2a.network import L2AForCausalLM

        if part not in self._elastic:
            load = load or L2AForCausalLM.from_pretrained
            model: Any = load(str(self.weights.parts[part]))
            self._elastic[part] = model.float().eval()
        return self._elastic[part]
