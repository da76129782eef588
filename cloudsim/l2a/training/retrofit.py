"""Making a dense model elastic: gates and LoRA trained together over random budgets, the dense model as the teacher."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Literal

from cloudsim.errors import ModelError
from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.tasks.batches import Batch
from cloudsim.l2a.training.objective import Objective, budget_distance, compute_shares, saturated, stop_by_label, stopped, targets_of
from cloudsim.l2a.training.schedule import annealed
from cloudsim.l2a.training.tuning import Tuning, adamw

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

    from cloudsim.l2a.data.problem_source import ProblemSource


CALIBRATION = 320
"""Held-out problems on whose prompts the gates are held to the budgets."""

END_OF_THOUGHT = "</think>"


@dataclass(frozen=True, slots=True)
class Budgets:
    """The distribution of budgets in training.

    Args:
        low, high: ends of the uniform distribution of b.
        kinds: budgets in one micro-batch.
        full: share of the budgets that are exactly 1.
        spread: half the range by which depth and width may each leave what b gives them, for budgets given as vectors.
        seed: of the draws.
    """

    low: float = 0.35
    high: float = 1.0
    kinds: int = 4
    full: float = 0.1
    spread: float = 0.05
    seed: int = 0

    def draw(self, rows: int, step: int, rank: int, index: int) -> "tuple[Tensor, list[Tensor]]":
        """Budgets (rows, 3) of a micro-batch, and the rows of each kind; equal arguments give equal budgets."""
        import torch

        random = Random(f"budgets {self.seed} {step} {rank} {index}")
        order = list(range(rows))
        random.shuffle(order)
        asked, kinds = torch.ones(rows, 3), []
        for kind in range(min(self.kinds, rows)):
            members = torch.tensor(order[kind :: self.kinds])
            if random.random() >= self.full:
                mean = ComputeBudget.of(random.uniform(self.low, self.high))
                depth = mean.depth + random.uniform(-self.spread, self.spread)
                width = mean.width + random.uniform(-self.spread, self.spread)
                asked[members] = torch.tensor([min(max(depth, 0.05), 1.0), min(max(width, 0.05), 1.0), random.random()])
            kinds.append(members)
        return asked, kinds


@dataclass(slots=True, kw_only=True)
class Retrofit(Tuning):
    """Gates and adapters of an elastic model.

    Args:
        model: the elastic model.
        objective: the terms of the loss.
        budgets: what is asked in training.
        adapters: train LoRA too; a stage without, followed by one with, is the two-stage option.
        hard: straight-through gates, else soft ones.
        temperature: of the gates at the first and at the last step.
        gate_lr: of the gates; the orders of nested ones stay as the search found them.
        ordered: the stage before has found them.
    """

    objective: Objective
    budgets: Budgets
    adapters: bool
    hard: bool
    temperature: tuple[float, float]
    gate_lr: float
    ordered: bool
    name: str = "retrofit"

    def begin(self) -> None:
        """Find the order in which layers and head groups go out."""
        from cloudsim.l2a.gates import NestedGates
        from cloudsim.l2a.training.importance import group_importance, layer_importance

        if isinstance(self.model.gates, NestedGates) and not self.ordered:
            batch = self.mixture.draw(0, 0)[0]
            self.model.gates.order(layer_importance(self.model, self.teacher, batch), group_importance(self.model, batch))

    def optimizers(self) -> "Sequence[Optimizer]":
        """AdamW on the adapters and on the gates."""
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(self.adapters if "lora_" in name else not name.startswith("base."))
        named = [(name, parameter) for name, parameter in self.model.named_parameters() if parameter.requires_grad]
        adapters = [parameter for name, parameter in named if "lora_" in name]
        gates = [parameter for name, parameter in named if "lora_" not in name]
        return adamw([(adapters, self.adapter_lr), (gates, self.gate_lr)])

    def loss(self, model: "Module", batches: Sequence[Batch], index: int, step: int, rank: int) -> "tuple[Tensor, Mapping[str, float]]":
        """The objective on one micro-batch."""
        import torch

        batch, terms = batches[index], self.objective
        asked, kinds = self.budgets.draw(len(batch.tokens), step, rank, index)
        temperature = annealed(step, self.steps, *self.temperature)
        output = model(batch.tokens, batch.prompt_tokens, asked, temperature, self.hard, gate_heads=terms.heads)
        share, spoken = 1 / len(batches), None
        if terms.stop == "published":
            end = self.mixture.tokenizer.get_vocab()[END_OF_THOUGHT]
            spoken = stopped(output.logits, output.stop, batch, end)
            thinking = batch.thinking.to(output.stop.dtype)
            held = ((1 - torch.sigmoid(output.stop)) * thinking).sum(1) / thinking.sum(1).clamp(min=1)
            tokens = ((1 - asked[:, 2]) * held).mean()
        else:
            tokens = stop_by_label(output.stop, batch, asked)
        entropy, kd = self.imitation(output.logits, batches, index, terms.distillation > 0, spoken)
        distance, (depth, width) = output.logits.new_zeros(()), compute_shares(output, terms.heads)
        if terms.budget:
            distance = budget_distance(depth, width, asked, kinds, terms.scalar, terms.heads)
        learnt = saturated(
            terms.entropy * entropy + terms.distillation * kd, batch.weights.sum(1) / targets_of(batches), kinds, terms.saturation
        )
        loss = learnt + share * (terms.budget * distance + terms.tokens * tokens)
        figures = {
            "loss": float(loss.detach()), "loss_ce": float(entropy.detach().sum()), "loss_kd": float(kd.detach().sum()),
            "loss_budget": share * float(distance.detach()), "loss_tokens": share * float(tokens.detach()),
            "compute_target": share * float(asked[:, :2].mean()), "compute_realised": share * float((depth + width).detach().mean() / 2),
            "keep_heads": share * float(width.detach().mean()),
        }  # fmt: skip
        keep = output.layers.detach().mean(0).tolist()
        figures |= {f"keep_layer_{layer:02d}": share * value for layer, value in enumerate(keep)}
        return loss, figures

    def write(self, folder: Path, dtype: "torch.dtype | None") -> None:
        """Write the elastic model, its gates held to the budgets as the weights are stored."""
        import torch

        from cloudsim.l2a.calibration import calibrate
        from cloudsim.l2a.checkpoint_folder import stored_dtype

        stored = deepcopy(self.model).train(False)
        with torch.no_grad():
            for name, parameter in stored.named_parameters():
                parameter.copy_(parameter.to(stored_dtype(name, parameter, dtype)))
        calibration = calibrate(stored, self.mixture.held_out_prompts(CALIBRATION))
        calibration.apply(stored)
        stored.save_pretrained(folder, dtype=dtype, tokenizer=self.mixture.tokenizer, sparsity=calibration.sparsity)


def retrofit(
    model: "Module",
    steps: int,
    mixture: "ProblemSource",
    mode: Literal["faithful", "nested"] = "nested",
    lora_rank: int = 16,
    objective: Objective | None = None,
    budgets: Budgets | None = None,
    adapters: bool = True,
    hard: bool = True,
    temperature: tuple[float, float] = (0.3, 0.05),
    adapter_lr: float = 3e-3,
    gate_lr: float = 3e-3,
) -> Retrofit:
    """The stage that makes a dense model elastic, or that goes on with an elastic one.

    Nested layers and head groups go out in the order of what the dense model can do without on one batch (`training.importance`).

    Args:
        model: the dense model, or the elastic one of the stage before.

    Raises:
        ModelError: the reasoning is to end as published, and the tokenizer has no token for its end.
    """
    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.training.teacher import Teacher, without_adapters

    objective = objective or Objective()
    if objective.stop == "published" and END_OF_THOUGHT not in mixture.tokenizer.get_vocab():
        raise ModelError(f"objective.stop: published needs a tokenizer with the token {END_OF_THOUGHT}; write labels")
    if isinstance(model, L2AForCausalLM):
        elastic, teacher = model, Teacher(without_adapters(model))
    else:
        teacher = Teacher(model)
        elastic = L2AForCausalLM.wrap(model, mode=mode, lora_rank=lora_rank)
    return Retrofit(
        model=elastic, teacher=teacher, steps=steps, mixture=mixture, objective=objective, budgets=budgets or Budgets(), adapters=adapters,
        hard=hard, temperature=temperature, adapter_lr=adapter_lr, gate_lr=gate_lr, ordered=elastic is model,
    )  # fmt: skip
