"""Small models with random weights, of both architectures."""

from functools import cache

import torch

from cloudsim.l2a.decoder import SkippingDecoder
from cloudsim.l2a.network import L2AForCausalLM

KINDS = ("llama", "qwen3")
MODES = ("faithful", "nested")
VOCABULARY = 40


def dense(kind, groups=2, layers=4, heads=4, dtype=torch.float64, seed=0, **options):
    """A dense model of width 32; norms are random too, so that a forgotten one shows."""
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

    config, model = {"llama": (LlamaConfig, LlamaForCausalLM), "qwen3": (Qwen3Config, Qwen3ForCausalLM)}[kind]
    shape = {
        "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": layers,
        "num_attention_heads": heads, "num_key_value_heads": groups, "head_dim": 8, "max_position_embeddings": 64,
        "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
    }  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        # Eager attention has no other kernel for a padded batch than for a row alone.
        made = model(config(**shape | options, attn_implementation="eager"))
        for name, parameter in made.named_parameters():
            torch.nn.init.uniform_(parameter, 0.5, 1.5) if "norm" in name else torch.nn.init.normal_(parameter, std=0.15)
    return made.to(dtype).eval()


def elastic(kind, mode, groups=2, layers=4, seed=0, dtype=torch.float64, **options):
    """An elastic model as if trained: adapters and gates are random, so that inputs and budgets lead to different decisions."""
    model = L2AForCausalLM.wrap(dense(kind, groups, layers, seed=seed, dtype=dtype), mode=mode, **options).to(dtype).eval()
    with torch.random.fork_rng():
        torch.manual_seed(seed + 1)
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(parameter, std=0.1)
            elif "gates" in name and "threshold" not in name:
                # A dial that is turned too hard stands at its ends.
                torch.nn.init.normal_(parameter, std=0.2 if mode == "nested" else 0.7)
        if mode == "nested":
            model.gates.order(torch.rand(layers), torch.rand(layers, groups))
    return model


@cache
def shared(kind, mode, levels=0):
    """An elastic model that no test changes, and its decoder."""
    model = elastic(kind, mode, levels=levels)
    return model, SkippingDecoder(model.base, torch.float64)


def prompts(lengths, seed=0):
    """Random prompts of these lengths, without special tokens."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(3, VOCABULARY, (length,), generator=generator).tolist() for length in lengths]


def left_padded(rows):
    """The batch as a tokenizer of Hugging Face pads it: ids and mask."""
    longest = max(map(len, rows))
    ids = torch.tensor([[0] * (longest - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    return ids, mask
