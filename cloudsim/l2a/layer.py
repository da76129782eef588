"""One decoder layer of the wrapped model, run through its own modules, with gates on its head groups and on its output."""

from typing import Any, cast

import torch
from torch import Tensor, nn
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb


def causal_mask(length: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Additive mask of shape (length, length): a token sees itself and what comes before."""
    return torch.full((length, length), torch.finfo(dtype).min, device=device, dtype=dtype).triu(1)


def normalised(states: Tensor, norm: Any) -> Tensor:
    """A root-mean-square norm of `transformers`, in the precision of `states` (its own forward always works in single precision)."""
    return nn.functional.rms_norm(states, states.shape[-1:], norm.weight.to(states.dtype), norm.variance_epsilon)


def gated_layer(layer: nn.Module, hidden: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, gate: Tensor, groups: Tensor) -> Tensor:
    """h + α·F(h), where F is the whole layer with its head groups scaled by β: the form of the paper, for training.

    Args:
        layer: a decoder layer of Llama or Qwen3.
        hidden: shape (rows, length, width).
        cos, sin: rotary embedding, shape (1, length, head size).
        mask: additive, broadcast to (rows, groups, heads of a group, length, length).
        gate: α, shape (rows,).
        groups: β, shape (rows, groups).
    """
    attention = cast(nn.Module, layer.self_attn)
    rows, length, _ = hidden.shape
    size = cast(int, attention.head_dim)
    states = normalised(hidden, layer.input_layernorm)
    query = attention.q_proj(states).view(rows, length, -1, size)  # type: ignore[operator]
    key = attention.k_proj(states).view(rows, length, -1, size)  # type: ignore[operator]
    value = attention.v_proj(states).view(rows, length, -1, size)  # type: ignore[operator]
    if hasattr(attention, "q_norm"):
        query, key = normalised(query, attention.q_norm), normalised(key, attention.k_norm)
    query, key = apply_rotary_pos_emb(query.transpose(1, 2), key.transpose(1, 2), cos, sin)
    count = key.shape[1]
    # (rows, groups, heads of a group, length, size): a group's heads share one key and one value.
    query = query.reshape(rows, count, -1, length, size)
    scores = query @ key.unsqueeze(2).transpose(-1, -2) * size**-0.5 + mask
    weights = torch.softmax(scores, dim=-1, dtype=torch.promote_types(scores.dtype, torch.float32)).to(value.dtype)
    context = weights @ value.transpose(1, 2).unsqueeze(2) * groups.to(value.dtype)[:, :, None, None, None]
    mixed = attention.o_proj(context.permute(0, 3, 1, 2, 4).reshape(rows, length, -1))  # type: ignore[operator]
    inner = hidden + mixed
    update = mixed + layer.mlp(normalised(inner, layer.post_attention_layernorm))  # type: ignore[operator]
    return cast(Tensor, hidden + gate.to(update.dtype)[:, None, None] * update)
