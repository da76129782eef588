"""The identity of weights: a hash of those of a base model, whichever files hold them, and where weights stand in memory."""

from collections.abc import Iterable
from hashlib import sha256

import torch
from torch import Tensor, nn


def base_weights(base: nn.Module) -> dict[str, Tensor]:
    """The weights of a dense model under their own names, adapters left out; shared ones once."""
    named = ((name.replace(".base_layer.", "."), parameter) for name, parameter in base.named_parameters())
    return {name: parameter for name, parameter in named if "lora_" not in name}


def kept_tensors(model: nn.Module) -> dict[str, Tensor]:
    """What a model is made of: its parameters, shared ones once, and what it found without training them (persistent buffers)."""
    kept = model.state_dict().keys()
    return dict(model.named_parameters()) | {name: buffer for name, buffer in model.named_buffers() if name in kept}


def standing(weights: Iterable[Tensor]) -> list[tuple[int, int]]:
    """Changes whenever one of the weights does: PyTorch counts the changes in place, and a tensor that was replaced lies elsewhere."""
    return [(weight.data_ptr(), weight._version) for weight in weights]


def weights_sha256(base: nn.Module) -> str:
    """sha256 over names, shapes and values in single precision, so that neither the split into files nor the format changes it."""
    digest = sha256()
    for name, parameter in sorted(base_weights(base).items()):
        digest.update(f"{name} {tuple(parameter.shape)}\n".encode())
        digest.update(parameter.detach().to("cpu", torch.float32).contiguous().numpy().data)
    return digest.hexdigest()
