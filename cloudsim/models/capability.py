"""What one model does on one replica: what fits, how long its steps take, and what users see at a load."""

from collections.abc import Sequence
from dataclasses import dataclass

from cloudsim.latency.contract import LatencyModel
from cloudsim.latency.host import Host
from cloudsim.latency.lookup import find_latency
from cloudsim.models.elastic import static_profile
from cloudsim.models.gpu import Gpu
from cloudsim.models.memory import MemoryPlan, kv_blocks, plan_memory
from cloudsim.models.spec import ModelSpec
from cloudsim.serving.closed_loop import Limits, Served, closed_loop

HOST = Host(126e-6, 4.4e-6)
"""The defaults of BLIS (inference-sim), trained on vLLM traces of H100."""
MEMORY_FRACTION, BLOCK_TOKENS, STEP_TOKENS, MAX_SEQUENCES = 0.9, 16, 2048, 256


@dataclass(frozen=True, slots=True)
class Capability:
    """One model on one replica.

    Args:
        decode_s: seconds of a decode step, by (sequences, tokens each attends to).
        prefill_s: seconds of a step with one prompt, by its tokens.
        served: means at each number of requests in flight that fits.
    """

    model: ModelSpec
    gpu: Gpu
    precision: str
    tensor_parallel: int
    memory: MemoryPlan
    latency: LatencyModel
    decode_s: dict[tuple[int, int], float]
    prefill_s: dict[int, float]
    served: dict[int, Served]


def capability(
    model: ModelSpec, gpu: Gpu, precision: str, tensor_parallel: int, batches: Sequence[int], contexts: Sequence[int],
    prompts: Sequence[int], loads: Sequence[int], input_tokens: int, output_tokens: int,
) -> Capability:  # fmt: skip
    """Work it out.

    Args:
        batches, contexts: sequences and tokens of `decode_s`. prompts: tokens of `prefill_s`.
        loads: requests in flight, each of `input_tokens` and `output_tokens`.

    Raises:
        ConfigError: the model does not fit, cannot be divided, or the GPU lacks the precision.
    """
    memory, limits = replica_limits(model, gpu, precision, tensor_parallel)
    latency = find_latency(model, gpu, precision, tensor_parallel, HOST)
    layers, units = model.layers, model.layers * model.kv_heads
    decode_s = {
        (batch, context): latency.decode_run(batch, layers, batch * layers, batch * context * units, batch * units)[0]
        for batch in batches
        for context in contexts
        if batch * context <= memory.kv_tokens
    }
    prefill_s = {
        tokens: latency.mixed_run(1, layers, 0, 0, 0, tokens * layers, tokens * tokens * units, 0)[0]
        for tokens in prompts
        if tokens <= memory.kv_tokens
    }
    fitting = [load for load in loads if load <= MAX_SEQUENCES and input_tokens + output_tokens <= memory.kv_tokens]
    served = {load: closed_loop(latency, static_profile(model), limits, load, input_tokens, output_tokens) for load in fitting}
    return Capability(model, gpu, precision, tensor_parallel, memory, latency, decode_s, prefill_s, served)


def replica_limits(model: ModelSpec, gpu: Gpu, precision: str, tensor_parallel: int) -> tuple[MemoryPlan, Limits]:
    """What fits one replica, and the limits of its engine; `ConfigError` if the model does not fit."""
    memory = plan_memory(model, gpu.memory_bytes, tensor_parallel, precision, MEMORY_FRACTION)
    blocks = kv_blocks(model, memory, BLOCK_TOKENS, f"{tensor_parallel} × {gpu.name}")
    return memory, Limits(blocks * model.layers * model.kv_heads, BLOCK_TOKENS, STEP_TOKENS, MAX_SEQUENCES)
