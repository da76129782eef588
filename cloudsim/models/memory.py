"""What fits into GPU memory: weights, the engine's reserve, and what is left for KV blocks."""

from dataclasses import dataclass

from cloudsim.errors import ConfigError
from cloudsim.models.spec import ModelSpec

RUNTIME_BYTES = 0.30e9
"""Context and runtime of the engine on each GPU, fitted to the four measured capacities below."""
LOGITS_BYTES_PER_WORD = 8192 * 4
"""fp32 logits of a profiling batch of 8,192 tokens, which the engine sets aside for each word of the vocabulary."""


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """How one replica's GPU memory is divided (sums over its tensor-parallel GPUs)."""

    usable_bytes: float
    weights_bytes: float
    reserve_bytes: float
    kv_bytes_per_token: int

    @property
    def kv_tokens(self) -> int:
        """Tokens whose keys and values fit beside the weights, at full depth and width; 0 or less if none do."""
        return int((self.usable_bytes - self.weights_bytes - self.reserve_bytes) // self.kv_bytes_per_token)


def plan_memory(model: ModelSpec, gpu_memory_bytes: float, gpus: int, precision: str, memory_fraction: float) -> MemoryPlan:
    """Divide the memory of `gpus` GPUs of `gpu_memory_bytes` each.

    The reserve reproduces the measured KV capacities at 90 % of memory (aiconfigurator-core 0.12.0, vLLM 0.24) within 1 %:
    Llama-3-8B 432,992 tokens on H100 and 174,857 on L40S, Qwen3-4B 433,964 and 204,511.
    """
    reserve = RUNTIME_BYTES + LOGITS_BYTES_PER_WORD * model.vocab
    return MemoryPlan(gpu_memory_bytes * gpus * memory_fraction, model.weights_bytes(precision), reserve * gpus, model.kv_bytes_per_token())


def kv_blocks(model: ModelSpec, plan: MemoryPlan, block_tokens: int, gpu: str) -> int:
    """Blocks of `block_tokens` tokens that fit; `ConfigError` if the model leaves room for none."""
    blocks = plan.kv_tokens // block_tokens
    if blocks < 1:
        raise ConfigError(
            f"model {model.name} does not fit {gpu}: weights {plan.weights_bytes / 1e9:.1f} GB and engine reserve "
            f"{plan.reserve_bytes / 1e9:.1f} GB leave no KV block of {plan.usable_bytes / 1e9:.1f} GB usable; "
            "take a larger GPU, more tensor_parallel or another precision"
        )
    return blocks
