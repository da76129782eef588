"""What a sequence costs by theory: multiply-adds of its layers, and bytes of its keys and values."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from cloudsim.l2a.plan import Plan


@dataclass(frozen=True, slots=True)
class ModelCost:
    """Costs of a Llama-like model.

    Args:
        group: floating-point operations of the projections of one head group for one token.
        attended: of its attention, for one token and one key.
        mlp: of the MLP for one token.
        head: of the language model's head for one token.
        kv: elements of keys and values that one group stores for one token.
        layers, groups: of the dense model.
    """

    group: int
    attended: int
    mlp: int
    head: int
    kv: int
    layers: int
    groups: int

    @classmethod
    def of(cls, config: Any) -> "ModelCost":
        """Read a configuration of `transformers` (of the base model). A multiply-add counts as two operations."""
        width, groups = int(config.hidden_size), int(config.num_key_value_heads)
        heads = int(config.num_attention_heads) // groups
        size = int(getattr(config, "head_dim", None) or width // config.num_attention_heads)
        return cls(
            2 * width * size * (2 * heads + 2), 4 * heads * size, 6 * width * int(config.intermediate_size),
            2 * width * int(config.vocab_size), 2 * size, int(config.num_hidden_layers), groups,
        )  # fmt: skip

    def flops(self, plan: Plan, prompt_tokens: Tensor, new_tokens: Tensor) -> Tensor:
        """Operations of reading a prompt and writing an answer, for each row.

        Projections and MLPs of every token but the last written one, which is never read; attention of token t to t + 1 keys; the head once
        for each token written.

        Args:
            plan: what each row runs.
            prompt_tokens, new_tokens: shape (rows,).

        Returns:
            Double precision, shape (rows,).
        """
        groups, layers = plan.groups.sum((1, 2)).double(), plan.layers.sum(1).double()
        read = (prompt_tokens + new_tokens - 1).double()
        keys = read * (read + 1) / 2
        return groups * (self.group * read + self.attended * keys) + layers * self.mlp * read + self.head * new_tokens.double()

    def masked_flops(self, plan: Plan, prompt_tokens: Tensor) -> Tensor:
        """Operations that `SkippingDecoder` adds to `flops`, for each row.

        It reads a prompt in one matrix product of all tokens with all keys, of which the causal mask hides P·(P − 1)/2 pairs. Padding adds
        more, and the gates, which are no part of the theory, their own.
        """
        prompt = prompt_tokens.double()
        return plan.groups.sum((1, 2)).double() * self.attended * prompt * (prompt - 1) / 2

    def share(self, plan: Plan) -> Tensor:
        """Projections and MLP of a token, as a share of the dense model's. Shape (rows,)."""
        spent = plan.groups.sum((1, 2)).double() * self.group + plan.layers.sum(1).double() * self.mlp
        return spent / (self.layers * (self.groups * self.group + self.mlp))

    def kv_bytes(self, plan: Plan, tokens: Tensor, element_bytes: int) -> Tensor:
        """Bytes of keys and values of sequences of `tokens` tokens. Shape (rows,)."""
        return plan.groups.sum((1, 2)) * self.kv * tokens * element_bytes
