"""How long one step of a replica takes.

Decode step of B sequences: ``step + layers_read·layer + Σ layers·sequence + Σ units·kv·unit + B·host``, the closed form
``a + b·B + c·Σkv`` (mean error 3.6 % over 108 fits against measured operator tables) written per layer, so that a sequence which
skips layers or KV head groups pays for what it uses, while the weights of a layer are read if any sequence of the batch needs it.
Prefill of n tokens: ``max(floor, a + b·n) + c·n²`` (mean error 2.9 %); a mixed step adds the KV terms of the decoding sequences.
"""

from dataclasses import dataclass
from typing import NamedTuple

from cloudsim.catalog import rows
from cloudsim.errors import ConfigError
from cloudsim.models.measured import Clock
from cloudsim.models.spec import ModelSpec
from traces.provenance import Provenance, Source


@dataclass(frozen=True, slots=True)
class LatencyModel:
    """Step times of one model on one replica, in seconds.

    A *unit* is one KV head group of one layer; a dense sequence has layers × groups of them.

    Args:
        host_step_s: host time of any step.
        host_sequence_s: host time a step for each sequence in it.
        head_s: embedding and LM head, independent of depth.
        layer_s: one layer whose weights are read.
        sequence_layer_s: one decoding sequence in one layer.
        kv_unit_s: one cached token read in one unit.
        prefill_floor_layer_s: least time of one layer in a step with a prompt chunk.
        prefill_layer_s, prefill_token_layer_s: fixed and per-token time of one layer in such a step.
        prefill_pair_unit_s: one pair of prompt tokens (the square term) in one unit.
    """

    host_step_s: float
    host_sequence_s: float
    head_s: float
    layer_s: float
    sequence_layer_s: float
    kv_unit_s: float
    prefill_floor_layer_s: float
    prefill_layer_s: float
    prefill_token_layer_s: float
    prefill_pair_unit_s: float
    source: Source

    def decode_step_s(self, sequences: int, layers_read: float, layers: int, kv_units: int) -> float:
        """Seconds of one decode step.

        Args:
            sequences: sequences in the batch.
            layers_read: layers whose weights are read: the union over the batch.
            layers: sum over sequences of the layers each one uses.
            kv_units: sum over sequences of attended tokens × units.
        """
        return (
            self.host_step_s + self.host_sequence_s * sequences + self.head_s
            + self.layer_s * layers_read + self.sequence_layer_s * layers + self.kv_unit_s * kv_units
        )  # fmt: skip

    def mixed_step_s(self, sequences: int, layers_read: float, layers: int, kv_units: int, token_layers: int, pair_units: int) -> float:
        """Seconds of one step with prompt chunks.

        Args:
            sequences: sequences in the step, decoding or prefilling.
            layers_read: union of the layers over all of them.
            layers, kv_units: sums over the decoding ones, as in `decode_step_s`.
            token_layers: sum over chunks of tokens × layers.
            pair_units: sum over chunks of ((prefix + n)² − prefix²) × units.
        """
        linear = self.prefill_layer_s * layers_read + self.prefill_token_layer_s * token_layers
        floor = self.prefill_floor_layer_s * layers_read
        return (
            self.host_step_s + self.host_sequence_s * sequences + self.head_s + (linear if linear > floor else floor)
            + self.prefill_pair_unit_s * pair_units + self.sequence_layer_s * layers + self.kv_unit_s * kv_units
        )  # fmt: skip


def fitted_latency(
    model: ModelSpec, gpu: str, precision: str, tensor_parallel: int, host_step_s: float, host_sequence_s: float, gate_overhead: float = 0.0
) -> LatencyModel:
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
    """Milliseconds of one layer or one unit; the fields of `LatencyModel` from `layer_s` on."""

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
) -> LatencyModel:
    """The latency model of these milliseconds, the gates' share added."""
    second = 1e-3 * (1 + gate_overhead)
    layer, sequence, kv_unit, floor, prefill, token, pair = (term * second for term in terms)
    return LatencyModel(
        host_step_s, host_sequence_s, head_ms * second, layer, sequence, kv_unit, floor, prefill, token, pair, source
    )  # fmt: skip


def measured_latency(clock: Clock, name: str, gate_overhead: float = 0.0) -> LatencyModel:
    """Step times that `profile l2a` measured on a CPU; they have the host's share in them."""
    second = 1 + gate_overhead
    origin = f"python -m cloudsim profile l2a, fit error {clock.error_pct:.1f} %"
    source = Source(f"step times of {name} on {clock.machine}", Provenance.MEASURED, origin)
    return LatencyModel(
        0.0, 0.0, clock.head_s * second, clock.layer_s * second, clock.sequence_layer_s * second, clock.kv_unit_s * second, 0.0,
        clock.prefill_layer_s * second, clock.prefill_token_layer_s * second, clock.prefill_pair_unit_s * second, source,
    )  # fmt: skip
