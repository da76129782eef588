"""The stage that heals the mask of a baseline: the mask of a method at one budget, then LoRA trained under it."""

from typing import TYPE_CHECKING, Any, Literal

from cloudsim.config import Share
from cloudsim.l2a.tasks.batches import Mixture

if TYPE_CHECKING:
    from torch.nn import Module

    from cloudsim.l2a.training.healing import Healing


def heal_method(
    model: "Module", steps: int, mixture: Mixture, method: Literal["static", "oracle_static"], budget: Share,
    calibration: int = 48, seed: int = 0, lora_rank: int = 16, distillation: float = 1.0, adapter_lr: float = 3e-3,
) -> "Healing":  # fmt: skip
    """LoRA for the mask that `method` has at `budget`.

    Args:
        model: the dense model.
        calibration: problems that the search of `oracle_static` looks at.
        seed: of the search.
    """
    from cloudsim.l2a.cost import ModelCost
    from cloudsim.l2a.decoder import SkippingDecoder
    from cloudsim.l2a.evaluation.methods.every_kth import even_mask
    from cloudsim.l2a.evaluation.methods.oracle import searched
    from cloudsim.l2a.tasks.suite import calibration_suite
    from cloudsim.l2a.training.healing import heal
    from cloudsim.l2a.weights_folder import adapter_name

    config: Any = model.config
    cost = ModelCost.of(config)
    if method == "static":
        mask = even_mask(cost, budget)
    else:
        mask = searched(SkippingDecoder(model), cost, calibration_suite(calibration, seed), [budget], seed)[budget]
    return heal(model, steps, mixture, mask.words(), lora_rank, distillation, adapter_lr, adapter_name(method, budget))
