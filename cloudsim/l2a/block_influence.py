"""How much each layer of a dense model changes the states that pass it (ShortGPT, Men et al., arXiv:2403.03853)."""

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


def similarities(dense: "Module", tokens: "Tensor", chosen: "Tensor") -> "Tensor":
    """Mean over chosen tokens of the cosine between the states before and after each layer; the block influence is one minus it.

    Args:
        dense: a Llama or Qwen3 of `transformers`.
        tokens: padded on the right. Shape (rows, length).
        chosen: True at the tokens that count; at least one a row. Shape (rows, length).

    Returns:
        Shape (rows, layers).
    """
    import torch

    layers = list(dense.get_submodule("model.layers").children())
    states: list[Tensor] = []
    # Hooks, since the hidden states that transformers returns have their last one normalised.
    hooks = [layers[0].register_forward_pre_hook(lambda _, given: states.append(given[0]))]
    hooks += [layer.register_forward_hook(lambda _, __, out: states.append(out[0] if isinstance(out, tuple) else out)) for layer in layers]
    try:
        with torch.inference_mode():
            dense(input_ids=tokens, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    cosines = [torch.cosine_similarity(before, after, dim=-1) for before, after in pairwise(states)]
    return torch.stack([(each * chosen).sum(1) / chosen.sum(1) for each in cosines], dim=1)
