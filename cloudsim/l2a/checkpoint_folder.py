"""Elastic models on disk: gates and adapters as safetensors, the base by reference or included."""

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from cloudsim.errors import ModelError
from cloudsim.l2a.base_reference import check_shape, check_weights, empty_base, load_base, located, reference
from cloudsim.l2a.configuration import L2AConfig
from cloudsim.l2a.fingerprint import kept_tensors, weights_sha256
from cloudsim.l2a.model_card import TrainingNotes, model_card
from cloudsim.l2a.model_folder import CARD, CONFIG, WEIGHTS, read_config, read_tensors, whole_folder, write_tensors

if TYPE_CHECKING:
    from cloudsim.l2a.network import L2AForCausalLM

SHOWN = 5


def save_elastic(
    model: "L2AForCausalLM", folder: Path, base: str | Path | None, merged: bool, dtype: torch.dtype | None, tokenizer: Any,
    notes: TrainingNotes,
) -> None:  # fmt: skip
    """Write an elastic model; see `L2AForCausalLM.save_pretrained`."""
    named = None if merged else base or model.config.base_path
    if base is not None:
        _check_is_base(model.config, str(base))
    tensors = {
        name: tensor.detach().to(stored_dtype(name, tensor, dtype))
        for name, tensor in kept_tensors(model).items()
        if named is None or _is_own(name)
    }
    config = deepcopy(model.config)
    config.architectures = [type(model).__name__]
    config.base_path = reference(named, folder) if named else None
    if named is None:
        kept = next(iter(base for name, base in tensors.items() if not _is_own(name)))
        config.base["dtype"] = str(kept.dtype).removeprefix("torch.")
        config.base_sha256 = weights_sha256(model.base) if dtype is None else weights_sha256(deepcopy(model.base).to(dtype))
    with whole_folder(folder) as partial:
        config.save_pretrained(partial)
        write_tensors(partial / WEIGHTS, tensors)
        if tokenizer is not None:
            tokenizer.save_pretrained(partial)
        parameters = sum(tensor.numel() for tensor in tensors.values())
        (partial / CARD).write_text(model_card(config, parameters, notes), encoding="utf-8")


def stored_dtype(name: str, tensor: torch.Tensor, dtype: torch.dtype | None) -> torch.dtype:
    """In which a tensor is saved: gates stay as they are, since they are small and their decisions hang on small differences."""
    return dtype if dtype is not None and name.startswith("base.") else tensor.dtype


def load_elastic(kind: "type[L2AForCausalLM]", folder: Path, base: str | Path | nn.Module | None) -> "L2AForCausalLM":
    """Read an elastic model; see `L2AForCausalLM.from_pretrained`."""
    described = read_config(folder)
    if described.get("model_type") != L2AConfig.model_type:
        raise ModelError(
            f"{folder / CONFIG}: the model is of type {described.get('model_type')!r}, not 'l2a'; "
            "L2AForCausalLM.wrap makes a dense model elastic"
        )
    config: L2AConfig = L2AConfig.from_dict(described)
    if not config.base:
        raise ModelError(f"{folder / CONFIG}: does not describe the base model (key base); save the model again")
    tensors = read_tensors(folder / WEIGHTS)
    included = config.base_path is None
    if included and base is not None:
        raise ModelError(f"{folder}: includes its base; leave base out")
    if isinstance(base, nn.Module):
        check_shape(config, base.config.to_dict(), "base")  # type: ignore[operator, union-attr]
        check_weights(config, base, "base")
        dense = base
    elif included:
        dense = empty_base(config)
    else:
        place = str(base) if base is not None else located(str(config.base_path), folder)
        dense = load_base(config, place)
        # Saved elsewhere, the model must still find its base.
        config.base_path = str(Path(place).resolve()) if Path(place).is_dir() else place
    model = kind(config, dense)
    _fill(model, tensors, folder / WEIGHTS, included)
    if included:
        check_weights(config, model.base, str(folder / WEIGHTS))
    model.train(False)
    return model


def _is_own(name: str) -> bool:
    """Whether a parameter belongs to the elastic model and not to its base."""
    return "lora_" in name or not name.startswith("base.")


def _check_is_base(config: L2AConfig, place: str) -> None:
    """A folder given as the base is the model that was wrapped; a name on the hub is believed, to save the download."""
    if Path(place).is_dir():
        load_base(config, place)


def _fill(model: nn.Module, tensors: dict[str, Tensor], path: Path, included: bool) -> None:
    wanted = {name: tensor for name, tensor in kept_tensors(model).items() if included or _is_own(name)}
    problems = [f"has no {name}" for name in wanted if name not in tensors]
    problems += [f"has {name}, which the model does not know" for name in tensors if name not in wanted]
    problems += [
        f"{name} has the shape {tuple(tensors[name].shape)}, not {tuple(parameter.shape)}"
        for name, parameter in wanted.items()
        if name in tensors and tensors[name].shape != parameter.shape
    ]
    if problems:
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise ModelError(f"{path}: does not fit its {CONFIG}: {'; '.join(problems[:SHOWN] + more)}; save the model again")
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(tensors[name])
