"""A plain checkpoint of `transformers` from an elastic or a dense model: LoRA merged, skipped layers left out."""

from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from cloudsim.errors import ModelError
from cloudsim.l2a.model_folder import whole_folder
from cloudsim.l2a.weights import merged


def export_dense(
    model: nn.Module, folder: Path | str, layers: Tensor | None = None, groups: Tensor | None = None, tokenizer: Any = None
) -> None:
    """Write a `LlamaForCausalLM` or `Qwen3ForCausalLM` that computes what `model` does under fixed masks; see `dense_model`.

    Raises:
        ModelError: the folder holds other things, or the masks do not fit.
    """
    dense: Any = dense_model(model, layers, groups)
    with whole_folder(Path(folder)) as partial:
        dense.save_pretrained(partial)
        if tokenizer is not None:
            tokenizer.save_pretrained(partial)


def dense_model(model: nn.Module, layers: Tensor | None = None, groups: Tensor | None = None) -> nn.Module:
    """A plain model with the adapters merged and the skipped layers gone.

    Head groups must be the same in number everywhere in a plain model, so a pruned one stays and writes zeros.

    Args:
        model: an `L2AForCausalLM`, or a dense model with adapters or none.
        layers: whether each layer runs. Shape (layers,); all run by default.
        groups: whether each head group of it runs. Shape (layers, groups); all run by default.

    Raises:
        ModelError: a mask has another shape, or no layer is left.
    """
    # Only an elastic model holds its base in `base`; dense ones have layers themselves.
    source: Any = model.base if hasattr(model, "gates") else model
    config = deepcopy(source.config)
    depth, count = int(config.num_hidden_layers), int(config.num_key_value_heads)
    kept_layers = torch.ones(depth, dtype=torch.bool) if layers is None else layers > 0.5
    kept_groups = torch.ones(depth, count, dtype=torch.bool) if groups is None else groups > 0.5
    if kept_layers.shape != (depth,) or kept_groups.shape != (depth, count) or not kept_layers.any():
        raise ModelError(
            f"masks: layers have the shape {tuple(kept_layers.shape)} with {int(kept_layers.sum())} kept, "
            f"groups {tuple(kept_groups.shape)}; the model needs ({depth},) with 1 or more kept, and ({depth}, {count})"
        )
    chosen = kept_layers.nonzero().squeeze(1).tolist()
    config.num_hidden_layers = len(chosen)
    if getattr(config, "layer_types", None):
        config.layer_types = [config.layer_types[index] for index in chosen]
    dense: Any = type(source)(config).to(source.model.embed_tokens.weight.dtype)
    with torch.no_grad():
        _copy(source.model.embed_tokens, dense.model.embed_tokens)
        _copy(source.model.norm, dense.model.norm)
        _copy(source.lm_head, dense.lm_head)
        for new, old in enumerate(chosen):
            _copy_layer(source.model.layers[old], dense.model.layers[new], kept_groups[old])
    return cast(nn.Module, dense.eval())


def _copy_layer(source: nn.Module, target: nn.Module, kept: Tensor) -> None:
    for name, module in target.named_modules():
        if hasattr(module, "weight"):
            _copy(source.get_submodule(name), module)
    output = cast(Any, target).self_attn.o_proj.weight
    output.view(len(output), len(kept), -1)[:, ~kept] = 0.0


def _copy(source: nn.Module, target: nn.Module) -> None:
    weight = cast(Tensor, target.weight)
    weight.copy_(merged(source, weight.dtype))
