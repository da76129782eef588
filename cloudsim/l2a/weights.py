"""The weights of a decoder layer in the form that skipping reads: adapters merged, rows of a head group together."""

from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn

Groups = tuple[int, ...]


def merged(linear: nn.Module, dtype: torch.dtype) -> Tensor:
    """The weight of a linear layer with its LoRA added. Shape (out, in)."""
    with torch.no_grad():
        if not hasattr(linear, "lora_A"):
            return cast(Tensor, linear.weight).detach().to(dtype)
        adapted = cast(Any, linear)
        return cast(Tensor, adapted.base_layer.weight + adapted.get_delta_weight("default")).detach().to(dtype)


@dataclass(slots=True)
class LayerWeights:
    """One layer.

    Args:
        inputs: query, key and value projections of each group. Shape (groups, (heads of a group + 2)·size, width).
        output: output projection of each group. Shape (groups, width, heads of a group·size).
        gate_up, down: of the MLP. Shapes (2·inner, width) and (width, inner).
        attention_norm, mlp_norm, query_norm, key_norm: weights of the norms; the last two may be absent.
    """

    inputs: Tensor
    output: Tensor
    gate_up: Tensor
    down: Tensor
    attention_norm: Tensor
    mlp_norm: Tensor
    query_norm: Tensor | None
    key_norm: Tensor | None
    epsilon: float
    _sliced: dict[Groups, tuple[Tensor, Tensor]] = field(default_factory=dict)

    @classmethod
    def of(cls, layer: Any, groups: int, dtype: torch.dtype) -> "LayerWeights":
        """Read the weights of a layer of `transformers`."""
        attention, mlp = layer.self_attn, layer.mlp
        width, size = int(layer.input_layernorm.weight.shape[0]), int(attention.head_dim)
        query = merged(attention.q_proj, dtype).view(groups, -1, width)
        key, value = (merged(each, dtype).view(groups, size, width) for each in (attention.k_proj, attention.v_proj))
        output = merged(attention.o_proj, dtype).view(width, groups, -1).transpose(0, 1).contiguous()

        def norm(owner: Any, name: str) -> Tensor | None:
            return owner.__getattr__(name).weight.detach().to(dtype) if hasattr(owner, name) else None

        return cls(
            torch.cat([query, key, value], dim=1).contiguous(), output,
            torch.cat([merged(mlp.gate_proj, dtype), merged(mlp.up_proj, dtype)]), merged(mlp.down_proj, dtype),
            layer.input_layernorm.weight.detach().to(dtype), layer.post_attention_layernorm.weight.detach().to(dtype),
            norm(attention, "q_norm"), norm(attention, "k_norm"), float(layer.input_layernorm.variance_epsilon),
        )  # fmt: skip

    def of_groups(self, groups: Groups) -> tuple[Tensor, Tensor]:
        """Input and output projections of some groups, as two matrices: (n·(heads + 2)·size, width), (width, n·heads·size)."""
        if groups not in self._sliced:
            chosen = torch.tensor(groups)
            inputs = self.inputs[chosen].flatten(0, 1).contiguous()
            output = self.output[chosen].transpose(0, 1).flatten(1).contiguous()
            self._sliced[groups] = (inputs, output)
        return self._sliced[groups]
