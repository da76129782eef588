"""Training routers that let each token skip layers, for one budget: the FlexiDepth baseline."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from cloudsim.config import Count, NotNegative, Share
from cloudsim.errors import ModelError
from cloudsim.l2a.tasks.batches import Batch
from cloudsim.l2a.training.tuning import Tuning, adamw
from cloudsim.l2a.weights_folder import FLEXIDEPTH, adapter_name

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

    from cloudsim.l2a.data.problem_source import ProblemSource
    from cloudsim.l2a.routing_cost import RoutingCost
    from cloudsim.l2a.token_router import TokenRouted

Whole = Annotated[int, Field(ge=0)]

HELD_OUT_STEPS = 3
"""Steps whose problems, which training has not met, hold the routers to the budget at the end."""

LARGEST_SHIFT, TURNS = 1.0, 10


@dataclass(slots=True, kw_only=True)
class Routing(Tuning):
    """Routers, bypasses and LoRA, with the cross-entropy and the distillation of the elastic model's objective.

    The skipping loss is |layers run − target| / layers, with the mean over all tokens that are read. The published one, α·mean((Σ_l g_l)²),
    leaves the compute to be found by trying values of α.

    Args:
        model: the routed model.
        cost: of the routed model.
        target: layers that a token shall run on average.
        skipping: weight of the skipping loss.
        gate_lr, threshold_lr: of the routers, and of the scores from which a token runs a layer.
        label: name of the files.
    """

    cost: "RoutingCost"
    target: float
    distillation: float
    skipping: float
    gate_lr: float
    threshold_lr: float
    label: str
    name: str = "routing"

    def optimizers(self) -> "Sequence[Optimizer]":
        """AdamW on bypasses and LoRA, on the routers, and on their thresholds."""
        named = dict(self.model.named_parameters())
        for name, parameter in named.items():
            parameter.requires_grad_("lora_" in name or not name.startswith("base."))
        trained = {name: parameter for name, parameter in named.items() if parameter.requires_grad}
        thresholds = trained.pop("thresholds")
        routers = [parameter for name, parameter in trained.items() if name.startswith("routers.")]
        adapters = [parameter for name, parameter in trained.items() if not name.startswith("routers.")]
        return adamw([(adapters, self.adapter_lr), (routers, self.gate_lr), ([thresholds], self.threshold_lr)])

    def loss(self, model: "Module", batches: Sequence[Batch], index: int, step: int, rank: int) -> "tuple[Tensor, Mapping[str, float]]":
        """Cross-entropy, distillation and skipping loss on one micro-batch."""
        batch, layers = batches[index], self.cost.dense.layers
        output = model(batch.tokens)
        entropy, kd = (each.sum() for each in self.imitation(output.logits, batches, index, self.distillation > 0))
        read = read_tokens(batch)
        part = float(read.sum()) / sum(float(read_tokens(each).sum()) for each in batches)
        used = output.runs[read].mean(0)
        kept = layers - self.cost.routed + used.sum()
        distance = (kept - self.target).abs() / layers
        loss = entropy + self.distillation * kd + part * self.skipping * distance
        shares = {"compute_target": self.target, "compute_realised": float(kept.detach())}
        figures = {
            "loss": float(loss.detach()), "loss_ce": float(entropy.detach()), "loss_kd": float(kd.detach()),
            "loss_budget": part * float(distance.detach()),
        }  # fmt: skip
        figures |= {name: part * self.cost.share(number) for name, number in shares.items()}
        keep = [1.0] * (layers - self.cost.routed) + used.detach().tolist()
        return loss, figures | {f"keep_layer_{layer:02d}": part * value for layer, value in enumerate(keep)}

    def write(self, folder: Path, dtype: "torch.dtype | None") -> None:
        """Write what was trained, as an evaluation finds it, held to the budget as the weights are stored."""
        from cloudsim.l2a.token_router import save_routed

        save_routed(self.held(dtype), folder / f"{self.label}.safetensors", dtype)

    def held(self, dtype: "torch.dtype | None" = None) -> "TokenRouted":
        """A copy whose thresholds are all shifted by one number, such that tokens run as many layers as they shall.

        Args:
            dtype: in which its matrices will be stored; they are rounded before the number is sought.
        """
        import torch

        model: TokenRouted = deepcopy(self.model).cpu().train(False)
        batches = [batch for step in range(HELD_OUT_STEPS) for batch in self.mixture.draw(self.steps + step, 0)]
        low, high, tried = -LARGEST_SHIFT, LARGEST_SHIFT, dict[float, float]()
        with torch.no_grad():
            for value in model.added().values():
                if dtype and value.ndim > 1:
                    value.copy_(value.to(dtype))
            thresholds = model.thresholds.clone()
            for _ in range(TURNS):
                shift = (low + high) / 2
                model.thresholds.copy_(thresholds + shift)
                runs = torch.cat([model(batch.tokens).runs[read_tokens(batch)] for batch in batches])
                surplus = self.cost.dense.layers - self.cost.routed + float(runs.sum(1).mean()) - self.target
                tried[shift] = abs(surplus)
                low, high = (shift, high) if surplus > 0 else (low, shift)
            # The nearest, not the last: what a later layer sees depends on the earlier ones, so the curve may bend.
            model.thresholds.copy_(thresholds + min(tried, key=lambda shift: tried[shift]))
        return model


def read_tokens(batch: Batch) -> "Tensor":
    """Whether a token is read when the completion is written: all of prompt and completion but the last. Boolean, (rows, length)."""
    import torch

    positions = torch.arange(batch.tokens.shape[1], device=batch.tokens.device)
    whole = (positions < batch.prompt_tokens.unsqueeze(1)) | (batch.weights > 0)
    return torch.nn.functional.pad(whole[:, 1:], (0, 1))


def route(
    model: "Module", steps: int, mixture: "ProblemSource", budget: Share = 0.6, dense_layers: Whole = 1, reduction: Count = 16,
    lora_rank: Whole = 16, distillation: NotNegative = 1.0, skipping: NotNegative = 6.0, adapter_lr: NotNegative = 3e-3,
    gate_lr: NotNegative = 3e-3, threshold_lr: NotNegative = 4e-2,
) -> Routing:  # fmt: skip
    """The stage that trains routers for one budget.

    Tokens are held to as many layers as leave the compute that the budget leaves every other method, with routers, bypasses, and the keys
    and values of skipped layers counted. Thresholds start in the order of the layers' block influence (ShortGPT, arXiv:2403.03853) on one
    batch.

    Args:
        model: the dense model, or an elastic one, of which only the dense model is taken.
        budget: scalar b.
        dense_layers, reduction, lora_rank: see `RoutingShape`.
        skipping: weight of the skipping loss.

    Raises:
        ModelError: the budget is out of reach.
    """
    from cloudsim.l2a.budget import ComputeBudget
    from cloudsim.l2a.mask import target_share
    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.routing_cost import RoutingCost
    from cloudsim.l2a.token_router import RoutingShape, TokenRouted
    from cloudsim.l2a.training.teacher import Teacher, block_influence, without_adapters

    dense = without_adapters(model) if isinstance(model, L2AForCausalLM) else model
    teacher, influence = Teacher(dense), block_influence(dense, mixture.draw(0, 0)[0])
    routed = TokenRouted.wrap(dense, RoutingShape(dense_layers, reduction, lora_rank))
    routed.order(influence)
    cost = RoutingCost.of(routed)
    try:
        target = cost.kept(target_share(cost.dense, ComputeBudget.of(budget)))
    except ModelError as error:
        raise ModelError(f"budget: {budget:g} is out of reach: {error}") from None
    return Routing(
        model=routed, teacher=teacher, steps=steps, mixture=mixture, adapter_lr=adapter_lr, cost=cost, target=target,
        distillation=distillation, skipping=skipping, gate_lr=gate_lr, threshold_lr=threshold_lr,
        label=adapter_name(FLEXIDEPTH, budget),
    )  # fmt: skip
