"""Step times that were fitted to measured operator tables, one fit for each model, GPU, precision and number of GPUs."""

from typing import NamedTuple

from cloudsim.catalog import rows
from cloudsim.errors import ConfigError
from cloudsim.latency.affine import AffineLatency
from cloudsim.models.measured import Clock
from cloudsim.models.spec import ModelSpec
from traces.provenance import Provenance, Source


def fitted_latency(
    model: ModelSpec, gpu: str, precision: str, tensor_parallel: int, host_step_s: float, host_sequence_s: float, gate_overhead: float = 0.0
) -> AffineLatency:
    """The fitted step times of `model` on `tensor_parallel` GPUs; `ConfigError` with the known combinations if there is no fit.

    `gate_overhead` is the share of compute time that the gates of an elastic model add.
    """
    for fit in latency_table():
        if (fit["model"], fit["gpu"], fit["precision"], int(fit["tensor_parallel"])) == (model.name, gpu, precision, tensor_parallel):
            break
    else:
        found = [f"{fit['gpu']}/{fit['precision']}/tp{fit['tensor_parallel']}" for fit in latency_table() if fit["model"] == model.name]
        known = ", ".join(sorted(found)) or "none"
        raise ConfigError(f"no latency fit for model {model.name} on {gpu}/{precision}/tp{tensor_parallel}; known: {known}")
    origin = f"{TABLES}, fitted: decode error {float(fit['decode_mape_pct']):.1f} %, prefill {float(fit['prefill_mape_pct']):.1f} %"
    source = Source(f"step times of {model.name} on {gpu} {precision} tp{tensor_parallel}", Provenance.MEASURED, origin)
    head_ms, terms = layer_terms(fit, model)
    return built_latency(head_ms, terms, host_step_s, host_sequence_s, gate_overhead, source)


TABLES = "aiconfigurator-core 0.12.0 operator tables (vLLM 0.24)"


def latency_table() -> tuple[dict[str, str], ...]:
    """The rows of the catalogue: one fit of one model on one number of GPUs."""
    return rows("cloudsim.models.catalog", "latency.csv")


class LayerTerms(NamedTuple):
    """Milliseconds of one layer or one unit; the fields of `AffineLatency` from `layer_s` on."""

    layer: float
    sequence: float
    kv_unit: float
    prefill_floor: float
    prefill: float
    prefill_token: float
    prefill_pair_unit: float


def layer_terms(fit: dict[str, str], model: ModelSpec) -> tuple[float, LayerTerms]:
    """A row of the table: milliseconds of the head, and of one layer and unit of its model."""
    head_ms = float(fit["head_ms"] or 0.0)  # only the models that can be made elastic have it split off
    layers, units = model.layers, model.layers * model.kv_heads
    return head_ms, LayerTerms(
        (float(fit["decode_step_ms"]) - head_ms) / layers, float(fit["decode_sequence_ms"]) / layers,
        float(fit["decode_kv_token_ms"]) / units,
        (float(fit["prefill_floor_ms"]) - head_ms) / layers, (float(fit["prefill_step_ms"]) - head_ms) / layers,
        float(fit["prefill_token_ms"]) / layers, float(fit["prefill_token2_ms"]) / units,
    )  # fmt: skip


def built_latency(
    head_ms: float, terms: LayerTerms, host_step_s: float, host_sequence_s: float, gate_overhead: float, source: Source
) -> AffineLatency:
    """The latency model of these milliseconds, the gates' share added."""
    second = 1e-3 * (1 + gate_overhead)
    layer, sequence, kv_unit, floor, prefill, token, pair = (term * second for term in terms)
    return AffineLatency(
        host_step_s, host_sequence_s, head_ms * second, layer, sequence, kv_unit, floor, prefill, token, pair, source
    )  # fmt: skip


def measured_latency(clock: Clock, name: str, gate_overhead: float = 0.0) -> AffineLatency:
    """Step times that `profile l2a` measured on a CPU; they have the host's share in them."""
    second = 1 + gate_overhead
    origin = f"python -m cloudsim profile l2a, fit error {clock.error_pct:.1f} %"
    source = Source(f"step times of {name} on {clock.machine}", Provenance.MEASURED, origin)
    return AffineLatency(
        0.0, 0.0, clock.head_s * second, clock.layer_s * second, clock.sequence_layer_s * second, clock.kv_unit_s * second, 0.0,
        clock.prefill_layer_s * second, clock.prefill_token_layer_s * second, clock.prefill_pair_unit_s * second, source,
    )  # fmt: skip
