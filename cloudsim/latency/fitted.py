"""Step times that were fitted to measured operator tables: one fit for each model, GPU, precision and number of GPUs."""

from cloudsim.catalog import rows
from cloudsim.latency.affine import AffineLatency
from cloudsim.latency.host import Host
from cloudsim.models.spec import ModelSpec
from traces.provenance import Provenance, Source

TABLES = "aiconfigurator-core 0.12.0 operator tables (vLLM 0.24)"


def fitted_latency(
    model: ModelSpec, gpu: str, precision: str, tensor_parallel: int, host: Host, gate_overhead: float = 0.0
) -> AffineLatency | None:
    """The fitted step times of `model` on `tensor_parallel` GPUs; None if there is no fit.

    Args:
        gate_overhead: share of the compute time that the gates of an elastic model add.
    """
    wanted = (model.name, gpu, precision, str(tensor_parallel))
    for fit in rows("cloudsim.models.catalog", "latency.csv"):
        if (fit["model"], fit["gpu"], fit["precision"], fit["tensor_parallel"]) == wanted:
            break
    else:
        return None
    decode_error, prefill_error = float(fit["decode_mape_pct"]), float(fit["prefill_mape_pct"])
    origin = f"{TABLES}, fitted: decode error {decode_error:.1f} %, prefill {prefill_error:.1f} %"
    ms = {name: float(value or 0.0) for name, value in fit.items() if name.endswith("_ms")}
    head = ms["head_ms"]  # only the models that can be made elastic have it split off
    second, layers = 1e-3 * (1 + gate_overhead), model.layers
    units = layers * model.kv_heads
    return AffineLatency(
        host_step_s=host.step_s,
        host_sequence_s=host.sequence_s,
        head_s=second * head,
        layer_s=second * (ms["decode_step_ms"] - head) / layers,
        sequence_layer_s=second * ms["decode_sequence_ms"] / layers,
        kv_unit_s=second * ms["decode_kv_token_ms"] / units,
        prefill_floor_layer_s=second * (ms["prefill_floor_ms"] - head) / layers,
        prefill_layer_s=second * (ms["prefill_step_ms"] - head) / layers,
        prefill_token_layer_s=second * ms["prefill_token_ms"] / layers,
        prefill_pair_unit_s=second * ms["prefill_token2_ms"] / units,
        decode_error_pct=decode_error,
        prefill_error_pct=prefill_error,
        source=Source(f"step times of {model.name} on {gpu} {precision} tp{tensor_parallel}", Provenance.MEASURED, origin),
    )
