"""Adapters healed for given masks: LoRA weights as safetensors, the mask as JSON beside them."""

import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

from cloudsim.errors import ModelError
from cloudsim.l2a.mask import Mask

if TYPE_CHECKING:
    import torch
    from torch.nn import Module

    from cloudsim.l2a.network import L2AForCausalLM


def save_adapter(model: "L2AForCausalLM", mask: Mask | None, path: Path, dtype: "torch.dtype | None" = None) -> None:
    """Write the adapters of a healed model.

    Args:
        mask: what they were healed for; None for adapters of random masks.
        path: of the safetensors file; the JSON file stands beside it.
        dtype: of the stored weights; as they are by default.
    """
    from safetensors.torch import save_file

    from cloudsim.l2a.fingerprint import weights_sha256

    path.parent.mkdir(parents=True, exist_ok=True)
    adapters = {name: value for name, value in model.base.state_dict().items() if "lora_" in name}
    state = {name: value.detach().to(dtype or value.dtype).contiguous() for name, value in adapters.items()}
    save_file(state, str(path), metadata={"format": "pt"})
    described = {
        "lora_rank": model.config.lora_rank, "lora_alpha": model.config.lora_alpha, "base_sha256": weights_sha256(model.base),
        "mask": mask.as_json() if mask else None,
    }  # fmt: skip
    path.with_suffix(".json").write_text(json.dumps(described) + "\n", encoding="utf-8")


def load_adapter(dense: "Module", path: Path) -> "tuple[Module, Mask | None]":
    """A copy of the dense model with adapters, and the mask they were healed for.

    Raises:
        ModelError: the files cannot be read, or belong to another model.
    """
    import torch
    from safetensors.torch import load_file

    from cloudsim.l2a.fingerprint import weights_sha256
    from cloudsim.l2a.network import L2AForCausalLM

    beside = path.with_suffix(".json")
    try:
        described = json.loads(beside.read_text(encoding="utf-8"))
        rank, alpha, found = int(described["lora_rank"]), int(described["lora_alpha"]), described["mask"]
        healed = described["base_sha256"]
        state = load_file(str(path))
    except Exception as error:
        raise ModelError(f"{path}: the adapter cannot be read ({' '.join(str(error).split())}); make it again") from error
    mask = None if found is None else Mask.from_json(found, str(beside))
    model = L2AForCausalLM.wrap(deepcopy(dense), lora_rank=rank, lora_alpha=alpha)
    own = {name: value for name, value in model.base.state_dict().items() if "lora_" in name}
    wrong = sorted(set(own) ^ set(state)) or [name for name in own if own[name].shape != state[name].shape]
    if wrong:
        raise ModelError(f"{path}: does not fit the dense model ({len(wrong)} weights differ, such as {wrong[0]}); heal that model again")
    if mask is not None and (len(mask.layers), len(mask.groups[0])) != (model.config.layers, model.config.groups):
        raise ModelError(f"{beside}: the mask is for {len(mask.layers)} layers, the dense model has {model.config.layers}; heal it again")
    if healed != weights_sha256(dense):
        raise ModelError(f"{path}: was healed for a dense model with other weights (sha256 {healed}); heal this one")
    model.base.load_state_dict({name: value.to(torch.float32) for name, value in state.items()}, strict=False)
    return model.base, mask
