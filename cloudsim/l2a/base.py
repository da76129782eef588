"""The dense models trained here from scratch: `tiny-reasoner` and smaller ones of the same shape."""

from typing import TYPE_CHECKING

from cloudsim.errors import ModelError
from cloudsim.l2a.tasks.vocabulary import build_tokenizer

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

MAX_TOKENS = 256


def build_base(layers: int = 16, hidden: int = 160, heads: int = 5, groups: int = 5, seed: int = 0) -> "LlamaForCausalLM":
    """A Llama with random weights for the procedural problems.

    Embeddings start at unit size, and what layers write starts at zero: with the small embeddings that are usual, the words drown in what
    many thin layers write, and looking things up in the prompt is learned several times later.

    Args:
        layers: decoder layers; many thin ones, so that depth has grain.
        hidden: width of the residual stream; the MLP is 2.7 times as wide.
        heads, groups: query heads and KV head groups.

    Raises:
        ModelError: the sizes do not fit one another.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    if hidden % heads or heads % groups:
        raise ModelError(f"base: heads ({heads}) must divide hidden ({hidden}), and groups ({groups}) must divide heads")
    tokenizer = build_tokenizer()
    config = LlamaConfig(
        vocab_size=-(-len(tokenizer) // 16) * 16, hidden_size=hidden, intermediate_size=round(hidden * 2.7 / 16) * 16,
        num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=groups, tie_word_embeddings=False,
        max_position_embeddings=MAX_TOKENS, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    # Eager attention is the fastest here for short rows of small heads.
    config._attn_implementation = "eager"
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
        torch.nn.init.normal_(model.model.embed_tokens.weight)
    for layer in model.model.layers:
        torch.nn.init.zeros_(layer.self_attn.o_proj.weight)
        torch.nn.init.zeros_(layer.mlp.down_proj.weight)
    return model
