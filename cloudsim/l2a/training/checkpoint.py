"""Checkpoints of a training: whole or absent, never half."""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudsim.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

KEPT = 2
STATE = "state.pt"
FOLDER = re.compile(r"step-(\d+)")


@dataclass(frozen=True, slots=True)
class Spent:
    """What a stage has taken so far, over all its sessions and processes: optimizer steps, tokens without padding, seconds of the clock."""

    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0


class Checkpoints:
    """The checkpoints in the folder of a stage, newest last; the two newest are kept.

    A checkpoint is a folder `step-<number>` with one file: trainable parameters, buffers and optimizers. Its name comes when it is whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def steps(self) -> list[int]:
        """Steps after which there is a checkpoint, in order."""
        names = (FOLDER.fullmatch(path.parent.name) for path in self.folder.glob(f"step-*/{STATE}"))
        return sorted(int(name[1]) for name in names if name)

    def path(self, step: int) -> Path:
        """The file of the checkpoint after `step` steps."""
        return self.folder / f"step-{step:07d}" / STATE

    def save(self, spent: Spent, model: "Module", optimizers: "Sequence[Optimizer]") -> Path:
        """Write what changes and the optimizers, and drop the oldest checkpoint; returns the new one's folder."""
        import torch

        target = self.path(spent.steps).parent
        if target.exists():
            return target
        for remains in self.folder.glob(".partial-*"):
            shutil.rmtree(remains)
        partial = self.folder / f".partial-{os.getpid()}"
        partial.mkdir(parents=True)
        state = {
            "step": spent.steps,
            "tokens": spent.tokens,
            "seconds": spent.seconds,
            "parameters": {name: tensor.detach() for name, tensor in _changing(model).items()},
            "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        }
        with (partial / STATE).open("wb") as file:
            torch.save(state, file)
            file.flush()
            # A name on disk must never stand for bytes that a power cut took away.
            os.fsync(file.fileno())
        partial.rename(target)
        for old in self.steps()[:-KEPT]:
            shutil.rmtree(self.path(old).parent)
        return target

    def restore(self, model: "Module", optimizers: "Sequence[Optimizer] | None" = None) -> Spent:
        """Load the newest checkpoint into `model` and `optimizers`; nothing is changed where there is none or it does not fit.

        Args:
            model: its trainable parameters and buffers are overwritten.
            optimizers: those of the training, in its order; None loads the parameters alone.

        Raises:
            ModelError: the checkpoint belongs to another model, or cannot be read.
        """
        done = self.steps()
        if not done:
            return Spent()
        path = self.path(done[-1])
        state = self._read(path, done[-1])
        parameters = _changing(model)
        if problem := _mismatch(state["parameters"], parameters):
            raise ModelError(f"{path}: belongs to another model: {problem}; choose another output_dir, or the model it was written by")
        if optimizers is not None:
            _restore_optimizers(path, state["optimizers"], optimizers)
        import torch

        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter.copy_(state["parameters"][name])
        return Spent(done[-1], int(state.get("tokens", 0)), float(state.get("seconds", 0.0)))

    def _read(self, path: Path, step: int) -> dict[str, Any]:
        import torch

        advice = f"delete {path.parent} to go on from the checkpoint before it, or choose another output_dir"
        try:
            # weights_only: nothing in the file is executed.
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            reason = str(error).partition("\n")[0]
            raise ModelError(f"{path}: cannot be read ({reason}); {advice}") from None
        wanted = {"step": int, "parameters": dict, "optimizers": list}
        if not isinstance(state, dict) or any(not isinstance(state.get(key), kind) for key, kind in wanted.items()):
            raise ModelError(f"{path}: is no checkpoint of cloudsim (it needs {', '.join(wanted)}); {advice}")
        if state["step"] != step:
            raise ModelError(f"{path}: was written after step {state['step']}, which its folder does not say; {advice}")
        return state


def _changing(model: "Module") -> "dict[str, Any]":
    """What is trained, and what the stage found before: everything but the frozen parameters."""
    from cloudsim.l2a.fingerprint import kept_tensors

    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    return {name: tensor for name, tensor in kept_tensors(model).items() if name not in frozen}


def _mismatch(saved: "Mapping[str, Tensor]", parameters: "Mapping[str, Tensor]") -> str:
    """What tells the saved parameters from those of the model, in words; empty where they fit."""
    for name in parameters:
        if name not in saved:
            return f"it has no {name}"
        if saved[name].shape != parameters[name].shape:
            return f"{name} has the shape {tuple(saved[name].shape)}, not {tuple(parameters[name].shape)}"
    extra = sorted(set(saved) - set(parameters))
    return f"it has {extra[0]}, which the model does not train" if extra else ""


def _restore_optimizers(path: Path, saved: Sequence[dict[str, Any]], optimizers: "Sequence[Optimizer]") -> None:
    try:
        for optimizer, state in zip(optimizers, saved, strict=True):
            optimizer.load_state_dict(state)
    except (ValueError, KeyError) as error:
        raise ModelError(f"{path}: its optimizers are not those of this training ({error}); choose another output_dir") from None
