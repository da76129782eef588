"""The dense model that an elastic one refers to: where it is, and whether it is the right one."""

import os
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM

from cloudsim.errors import ModelError
from cloudsim.l2a.configuration import L2AConfig
from cloudsim.l2a.fingerprint import weights_sha256
from cloudsim.l2a.model_folder import loading

SHAPE = (
    "model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
    "vocab_size",
)  # fmt: skip


def reference(base: str | Path, folder: Path) -> str:
    """How a model saved in `folder` names its base: a relative path if `base` is a folder, else the name as it is."""
    if not Path(base).is_dir():
        return str(base)
    path = os.path.relpath(Path(base).resolve(), folder.resolve())
    return path if path.startswith(".") else f"./{path}"


def located(reference: str, folder: Path) -> str:
    """The base that a model in `folder` names: the path of a folder, or a Hugging Face name.

    Raises:
        ModelError: it is a path, and there is no folder.
    """
    beside = folder.resolve() / reference
    if beside.is_dir():
        return str(beside.resolve())
    if reference.startswith((".", "/")):
        raise ModelError(f"{folder}: its base is missing: {beside} is no folder; put the base there, or give its place with base=…")
    return reference


def load_base(config: L2AConfig, place: str) -> nn.Module:
    """Load the dense model of an elastic one, and check that it is the one its gates were trained on.

    Args:
        config: of the elastic model.
        place: a folder or a Hugging Face name.

    Raises:
        ModelError: it cannot be read, is of another architecture or shape, or has other weights.
    """
    try:
        found: Any = AutoConfig.from_pretrained(place)
        check_shape(config, found.to_dict(), place)
        with loading(place):
            base = cast(nn.Module, AutoModelForCausalLM.from_pretrained(place, dtype=_dtype(config)))
    except ModelError:
        raise
    # Whatever a library for downloads and file formats may raise ends in one message.
    except Exception as error:
        raise ModelError(f"{place}: the base model cannot be read ({' '.join(str(error).split())}); copy or download it again") from error
    check_weights(config, base, place)
    return base


def check_shape(config: L2AConfig, found: dict[str, Any], place: str) -> None:
    """Raises: ModelError: `found` describes a model of another architecture or shape than the base of `config`."""
    wanted = config.base
    wrong = [
        f"{key} is {found.get(key)!r}, not {wanted.get(key)!r}"
        for key in SHAPE
        if wanted.get(key) is not None and found.get(key) != wanted.get(key)
    ]
    if wrong:
        raise ModelError(f"{place}: is another model than the base of these gates: {'; '.join(wrong)}; give the base they were trained on")


def check_weights(config: L2AConfig, base: nn.Module, place: str) -> None:
    """Raises: ModelError: the weights are not those that `config` knows."""
    sha256 = weights_sha256(base)
    if config.base_sha256 is not None and sha256 != config.base_sha256:
        raise ModelError(
            f"{place}: its weights have the sha256 {sha256[:12]}…, and these gates were trained on {config.base_sha256[:12]}…; "
            "give the base they were trained on"
        )


def empty_base(config: L2AConfig) -> nn.Module:
    """A base of the right shape with random weights."""
    described = dict(config.base)
    shape = AutoConfig.for_model(described.pop("model_type"), **described)
    return cast(nn.Module, AutoModelForCausalLM.from_config(shape))  # type: ignore[no-untyped-call]


def _dtype(config: L2AConfig) -> torch.dtype:
    """The precision in which the base was wrapped: its hash is of the weights as they were then."""
    return cast(torch.dtype, getattr(torch, str(config.base.get("dtype") or "float32")))
