"""Step times of any model on a GPU, from the shape of the one and the data sheet of the other.

Decode: o + k_head·head/bw + s_B·B + Σ_layers [k_w·weights/bw + o_L + (k_comp·2·params/flops + s_L)·B + k_kv·KV/bw].
Prefill of n tokens: o + Σ_layers [max(k_w·weights/bw, k_comp·2·params·n/flops) + k_elem·2·hidden·n/bw + k_attn·2·heads·n²/flops + o_L].
Times over data-sheet figures, with one set of coefficients for each GPU and precision, fitted to operator tables of ten models at several
depths (`structural_fit`): so they hold for models that were never fitted, and pooled over GPUs for GPUs without tables.
"""

from dataclasses import dataclass

from cloudsim.catalog import rows
from cloudsim.errors import ConfigError
from cloudsim.latency.affine import AffineLatency
from cloudsim.latency.host import Host
from cloudsim.models.gpu import Gpu
from cloudsim.models.spec import BYTES_PER_WEIGHT, ModelSpec
from traces.provenance import Provenance, Source

POOLED = "pooled"
KV_BYTES = 2
"""Of a number in keys and values, in any precision of the weights."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """One set: pure numbers over the data sheet's figures, and milliseconds.

    Args:
        weights, head, kv, compute: over the time to move or compute them, in decode.
        layer_ms, sequence_layer_ms, sequence_ms, step_ms: fixed times in decode.
        prompt_weights, prompt_compute, prompt_elementwise, prompt_attention, prompt_layer_ms, prompt_step_ms: of prefill.
        decode_error_pct, prefill_error_pct: mean error on models that were left out of the fit; for pooled ones, on GPUs.
    """

    weights: float
    head: float
    kv: float
    layer_ms: float
    sequence_layer_ms: float
    sequence_ms: float
    step_ms: float
    compute: float
    prompt_weights: float
    prompt_compute: float
    prompt_elementwise: float
    prompt_attention: float
    prompt_layer_ms: float
    prompt_step_ms: float
    decode_error_pct: float
    prefill_error_pct: float


def structural_latency(
    model: ModelSpec, gpu: Gpu, precision: str, tensor_parallel: int, host: Host, gate_overhead: float = 0.0
) -> AffineLatency:
    """Step times of `model`, projected from its shape; estimated, and marked as assumed, on a GPU without tables.

    Weights, heads and KV are divided among the GPUs of a replica, each of which has its launches and adds its share of the exchange.

    Raises:
        ConfigError: the GPU lacks the precision, or the KV heads cannot be divided.
    """
    flops = gpu.flops_in(precision)
    if model.kv_heads % tensor_parallel:
        raise ConfigError(
            f"model {model.name} has {model.kv_heads} KV heads, which tensor_parallel {tensor_parallel} does not divide; take another"
        )
    own = find_coefficients(gpu.name, precision)
    k = own or _pooled(precision)
    second, shared = 1 + gate_overhead, 1 / tensor_parallel
    moved = shared / gpu.bandwidth_bytes_per_s
    weights_s = model.layer_params * BYTES_PER_WEIGHT[precision] * moved
    computed_s = 2 * model.layer_params * shared / flops
    attention_s = 2 * model.query_heads * model.head_dim * shared / gpu.flops_in("bf16")
    exchange_s, token_exchange_s = exchange(model, gpu, tensor_parallel)
    units = model.kv_heads
    return AffineLatency(
        host_step_s=host.step_s,
        host_sequence_s=host.sequence_s + 1e-3 * k.sequence_ms * second,
        head_s=(1e-3 * k.step_ms + k.head * model.hidden * model.vocab * 2 * moved) * second,
        layer_s=(k.weights * weights_s + 1e-3 * k.layer_ms + exchange_s) * second,
        sequence_layer_s=(k.compute * computed_s + 1e-3 * k.sequence_layer_ms + token_exchange_s) * second,
        kv_unit_s=k.kv * 2 * model.head_dim * KV_BYTES * moved * second,
        prefill_floor_layer_s=(k.prompt_weights * weights_s + 1e-3 * k.prompt_layer_ms + exchange_s) * second,
        prefill_layer_s=(1e-3 * k.prompt_layer_ms + exchange_s) * second,
        prefill_token_layer_s=k.prompt_compute * computed_s * second,
        prefill_passing_layer_s=(k.prompt_elementwise * 2 * model.hidden / gpu.bandwidth_bytes_per_s + token_exchange_s) * second,
        prefill_pair_unit_s=k.prompt_attention * attention_s / units * second,
        decode_error_pct=k.decode_error_pct,
        prefill_error_pct=k.prefill_error_pct,
        source=_source(model, gpu, precision, tensor_parallel, k, own is not None),
    )


def exchange(model: ModelSpec, gpu: Gpu, tensor_parallel: int) -> tuple[float, float]:
    """Seconds that a layer's two all-reduces take: of a step, and of each token in it (ring: 2·(p − 1)/p of the bytes on each link)."""
    if tensor_parallel == 1:
        return 0.0, 0.0
    share = 2 * (tensor_parallel - 1) / tensor_parallel
    link = gpu.link_bytes_per_s
    if link < SWITCHED_BYTES_PER_S and tensor_parallel > 2:
        link *= ACROSS_SOCKETS
    return 2 * EXCHANGE_S, 2 * share * model.hidden * 2 / link


EXCHANGE_S = 5e-6
"""Start of one all-reduce within a node (assumed)."""
SWITCHED_BYTES_PER_S = 100e9
"""Slower links are PCIe, which more than two GPUs share."""
ACROSS_SOCKETS = 0.14
"""What is left of a PCIe link between more than two GPUs: from the tables of Llama-3-70B on 4 and 8 L40S."""


def find_coefficients(gpu: str, precision: str) -> Coefficients | None:
    """Those fitted for a GPU; None if it has no tables."""
    for row in rows("cloudsim.models.catalog", "structural.csv"):
        if (row["gpu"], row["precision"]) == (gpu, precision):
            return Coefficients(**{name: float(row[name]) for name in Coefficients.__dataclass_fields__})
    return None


def _pooled(precision: str) -> Coefficients:
    found = find_coefficients(POOLED, precision)
    if found is None:
        raise ConfigError(f"there are no step times for precision {precision}; take bf16 or fp8")
    return found


def _source(model: ModelSpec, gpu: Gpu, precision: str, tensor_parallel: int, k: Coefficients, own: bool) -> Source:
    where = f"{gpu.name} {precision} tp{tensor_parallel}"
    what = "shape of the model and data sheet of the GPU" if own else "data sheets alone: this GPU has no tables"
    error = (
        f"decode off by {k.decode_error_pct:.1f} %, prefill by {k.prefill_error_pct:.1f} % on {'models' if own else 'GPUs'} never fitted"
    )
    return Source(f"step times of {model.name} on {where}", Provenance.PROJECTED if own else Provenance.ASSUMED, f"{what}; {error}")
