"""Stages that do to a training what happens to trainings."""

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from cloudsim.l2a.training.objective import cross_entropy
from cloudsim.l2a.training.pretraining import Pretraining


@dataclass(slots=True)
class Killed(Pretraining):
    """Its process is killed, or gets another signal, at the start of step `at`, once."""

    sign: str = ""
    at: int = 0
    number: int = int(signal.SIGKILL)

    def batches(self, step, rank):
        sign = Path(os.environ.get("SIGN", self.sign) or ".")
        if step == self.at and not sign.exists():
            sign.touch()
            os.kill(os.getpid(), self.number)
        return Pretraining.batches(self, step, rank)


@dataclass(slots=True)
class NotANumber(Pretraining):
    """Its loss is NaN at step `at`, in one of its processes."""

    at: int = 0
    rank: int = 0

    def loss(self, model, batches, index, step, rank):
        loss, figures = Pretraining.loss(self, model, batches, index, step, rank)
        return loss * (float("nan") if (step, rank) == (self.at, self.rank) else 1.0), figures


@dataclass(slots=True)
class Together(Pretraining):
    """One process that adds the batches of two, and says so in the log."""

    def batches(self, step, rank):
        return [batch for one in (0, 1) for batch in Pretraining.batches(self, step, one)]

    def loss(self, model, batches, index, step, rank):
        half = len(batches) // 2
        share = batches[:half] if index < half else batches[half:]
        batch = batches[index]
        logits = model(input_ids=batch.tokens, use_cache=False).logits
        return cross_entropy(logits, batch).sum() / sum(float(each.weights.sum()) for each in share) / 2, {}


@dataclass(slots=True)
class Lopsided(Pretraining):
    """The second process never runs the last layer; each process writes a sum over every parameter."""

    folder: str = ""

    def loss(self, model, batches, index, step, rank):
        layers = model.model.layers
        if rank == 1:
            model.model.layers, model.config.num_hidden_layers = layers[:1], 1
        loss, figures = Pretraining.loss(self, model, batches, index, step, rank)
        model.model.layers, model.config.num_hidden_layers = layers, len(layers)
        return loss, figures

    def learning_rate(self, step):
        rank = os.environ.get("RANK", "0")
        sums = {name: float(parameter.double().sum()) for name, parameter in self.model.named_parameters()}
        (Path(self.folder) / f"rank{rank}.json").write_text(json.dumps([step, sums]))
        return Pretraining.learning_rate(self, step)


@dataclass(slots=True)
class Gated(Pretraining):
    """Logs what an elastic stage logs, skips layers by rank and step, and draws from torch's random numbers."""

    def loss(self, model, batches, index, step, rank):
        import torch

        loss, figures = Pretraining.loss(self, model, batches, index, step, rank)
        noise = 1 + 0.1 * float(torch.rand(()))
        keep = {f"keep_layer_{layer:02d}": (0.75 - 0.25 * layer) / len(batches) for layer in range(2)}
        compute = {"compute_target": 0.6 / len(batches), "compute_realised": 0.625 / len(batches)}
        return loss * noise, {"loss_ce": figures["loss"]} | compute | keep
