"""Making a dense model elastic: gates and LoRA trained together over random budgets, the dense model as the teacher."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Literal

from cloudsim.errors import ModelError
from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.tasks.batches import Batch, Mixture
from cloudsim.l2a.training.objective import (
    Objective,
    budget_distance,
    compute_shares,
    divergence,
    stop_by_label,
    stopped,
)
from cloudsim.l2a.training.pretraining import cross_entropy
from cloudsim.l2a.training.schedule import annealed, warmup_stable_decay

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

    from cloudsim.l2a.data.problem_source import ProblemSource
    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.training.teacher import Teacher


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


@dataclass(slots=True)
class Retrofit:
    """Gates and adapters of an elastic model.

    Args:
        model: the elastic model; its base stays frozen.
        teacher: the dense model it was.
        adapters: train LoRA too; a stage without, followed by one with, is the two-stage option.
        hard: straight-through gates, else soft ones.
        temperature: of the gates at the first and at the last step.
    """

    model: "L2AForCausalLM"
    teacher: "Teacher"
    steps: int
    mixture: "ProblemSource" = field(default_factory=Mixture)
    objective: Objective = field(default_factory=Objective)
    budgets: Budgets = field(default_factory=Budgets)
    adapters: bool = True
    hard: bool = True
    temperature: tuple[float, float] = (0.3, 0.05)
    adapter_lr: float = 3e-3
    gate_lr: float = 3e-3
    threshold_lr: float = 1e-2
    name: str = "retrofit"

    def optimizers(self) -> "Sequence[Optimizer]":
        """AdamW on the adapters, on the gates, and on the thresholds of nested ones."""
        from torch.optim import AdamW

        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(self.adapters if "lora_" in name else not name.startswith("base."))
        named = [(name, parameter) for name, parameter in self.model.named_parameters() if parameter.requires_grad]
        adapters = [parameter for name, parameter in named if "lora_" in name]
        thresholds = [parameter for name, parameter in named if name.endswith("_threshold")]
        gates = [parameter for name, parameter in named if "lora_" not in name and not name.endswith("_threshold")]
        rates = ((adapters, self.adapter_lr), (gates, self.gate_lr), (thresholds, self.threshold_lr))
        groups = [{"params": parameters, "lr": rate} for parameters, rate in rates if parameters]
        return [AdamW(groups, betas=(0.9, 0.98), weight_decay=0.0)]

    def batches(self, step: int, rank: int) -> Sequence[Batch]:
        """Easy and hard problems together."""
        return self.mixture.draw(step, rank)

    def loss(self, model: "Module", batches: Sequence[Batch], index: int, step: int, rank: int) -> "tuple[Tensor, Mapping[str, float]]":
        """The objective on one micro-batch."""
        import torch

        batch, terms = batches[index], self.objective
        asked, kinds = self.budgets.draw(len(batch.tokens), step, rank, index)
        temperature = annealed(step, self.steps, *self.temperature)
        output = model(batch.tokens, batch.prompt_tokens, asked, temperature, self.hard, gate_heads=terms.heads)
        share, targets = 1 / len(batches), sum(float(each.weights.sum()) for each in batches)
        if terms.stop == "published":
            end = self.mixture.tokenizer.get_vocab()[END_OF_THOUGHT]
            entropy = cross_entropy(stopped(output.logits, output.stop, batch, end), batch) / targets
            thinking = batch.thinking.to(output.stop.dtype)
            held = ((1 - torch.sigmoid(output.stop)) * thinking).sum(1) / thinking.sum(1).clamp(min=1)
            tokens = ((1 - asked[:, 2]) * held).mean()
        else:
            entropy = cross_entropy(output.logits, batch) / targets
            tokens = stop_by_label(output.stop, batch, asked)
        distance, (depth, width) = output.logits.new_zeros(()), compute_shares(output, terms.heads)
        if terms.budget:
            distance = budget_distance(depth, width, asked, kinds, terms.scalar, terms.heads)
        kd = output.logits.new_zeros(())
        if terms.distillation:
            kd = divergence(output.logits, self.teacher.logits(batch), batch) / targets
        loss = terms.entropy * entropy + terms.distillation * kd + share * (terms.budget * distance + terms.tokens * tokens)
        figures = {
            "loss": float(loss.detach()), "loss_ce": float(entropy.detach()), "loss_kd": float(kd.detach()),
            "loss_budget": share * float(distance.detach()), "loss_tokens": share * float(tokens.detach()),
            "compute_target": share * float(asked[:, :2].mean()), "compute_realised": share * float((depth + width).detach().mean() / 2),
            "keep_heads": share * float(width.detach().mean()),
        }  # fmt: skip
        keep = output.layers.detach().mean(0).tolist()
        figures |= {f"keep_layer_{layer:02d}": share * value for layer, value in enumerate(keep)}
        return loss, figures

    def learning_rate(self, step: int) -> float:
        """Warm-up, plateau, decay."""
        return warmup_stable_decay(step, self.steps, warmup=min(20, max(1, self.steps // 10)))

    def write(self, folder: Path, dtype: "torch.dtype | None", command: str) -> None:
        """Write the elastic model, its gates held to the budgets as the weights are stored."""
        import torch

        from cloudsim.l2a.calibration import calibrate

        stored = deepcopy(self.model).train(False)
        with torch.no_grad():
            for parameter in stored.parameters():
                parameter.copy_(parameter.to(dtype or parameter.dtype))
        calibration = calibrate(stored, self.mixture.held_out_prompts(CALIBRATION))
        calibration.apply(stored)
        stored.save_pretrained(folder, dtype=dtype, tokenizer=self.mixture.tokenizer, command=command, sparsity=calibration.sparsity)

    def compile_layers(self, wanted: bool) -> None:
        """Compile the layers of the model and of its teacher, or stop doing so."""
        self.model.compile_layers(wanted)
        self.teacher.compile_layers(wanted)


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
    threshold_lr: float = 1e-2,
) -> Retrofit:
    """The stage that makes a dense model elastic, or that goes on with an elastic one.

    Nested thresholds start in the order of the layers' block influence (ShortGPT, arXiv:2403.03853) on one batch.

    Args:
        model: the dense model, or the elastic one of the stage before.

    Raises:
        ModelError: the reasoning is to end as published, and the tokenizer has no token for its end.
    """
    from cloudsim.l2a.gates import NestedGates
    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.training.teacher import Teacher, block_influence, without_adapters

    objective = objective or Objective()
    if objective.stop == "published" and END_OF_THOUGHT not in mixture.tokenizer.get_vocab():
        raise ModelError(f"objective.stop: published needs a tokenizer with the token {END_OF_THOUGHT}; write labels")
    if isinstance(model, L2AForCausalLM):
        elastic, teacher = model, Teacher(without_adapters(model))
    else:
        teacher = Teacher(model)
        influence = block_influence(model, mixture.draw(0, 0)[0])
        elastic = L2AForCausalLM.wrap(model, mode=mode, lora_rank=lora_rank)
        if isinstance(elastic.gates, NestedGates):
            elastic.gates.order(influence)
    return Retrofit(
        elastic, teacher, steps, mixture, objective, budgets or Budgets(), adapters, hard, temperature, adapter_lr, gate_lr,
        threshold_lr,
    )  # fmt: skip
