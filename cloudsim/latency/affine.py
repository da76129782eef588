"""Step times as sums of terms.

Decode step of B sequences: ``step + layers_read·layer + Σ layers·sequence + Σ units·kv·unit + B·host``, the closed form
``a + b·B + c·Σkv`` (mean error 3.6 % over 108 fits against measured operator tables) written per layer.
Prefill of n tokens: ``max(floor, a + b·n) + d·n + c·n²`` (mean error 2.9 % without d); a mixed step adds the KV terms of the decoding
sequences.
"""

from dataclasses import dataclass

from cloudsim.latency.contract import ENDLESS, Run
from traces.provenance import Source


@dataclass(frozen=True, slots=True)
class AffineLatency:
    """A `LatencyModel` whose runs last as long as the batch; all in seconds.

    Args:
        host_step_s: host time of any step.
        host_sequence_s: host time a step for each sequence in it.
        head_s: embedding and LM head, independent of depth.
        layer_s: one layer whose weights are read.
        sequence_layer_s: one decoding sequence in one layer.
        kv_unit_s: one cached token read in one unit.
        prefill_floor_layer_s: least time of one layer in a step with a prompt chunk.
        prefill_layer_s, prefill_token_layer_s: fixed and per-token time of one layer in such a step.
        prefill_passing_layer_s: per-token time of one layer that passes beside the matrices, whatever their weights take.
        prefill_pair_unit_s: one pair of prompt tokens (the square term) in one unit.
        decode_error_pct, prefill_error_pct: mean error against what it stands for, where that is known.
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
    prefill_passing_layer_s: float = 0.0
    decode_error_pct: float | None = None
    prefill_error_pct: float | None = None

    def decode_run(self, sequences: int, layers_read: float, layers: float, kv_units: float, units: float) -> Run:
        """See `LatencyModel`."""
        kv_unit_s = self.kv_unit_s
        first_s = (
            self.host_step_s + self.host_sequence_s * sequences + self.head_s
            + self.layer_s * layers_read + self.sequence_layer_s * layers + kv_unit_s * kv_units
        )  # fmt: skip
        return first_s, 0.5 * kv_unit_s * units, ENDLESS

    def mixed_run(
        self,
        sequences: int,
        layers_read: float,
        layers: float,
        kv_units: float,
        units: float,
        token_layers: float,
        pair_units: float,
        pair_growth: float,
    ) -> Run:
        """See `LatencyModel`."""
        linear = self.prefill_layer_s * layers_read + self.prefill_token_layer_s * token_layers
        floor = self.prefill_floor_layer_s * layers_read
        first_s = (
            self.host_step_s + self.host_sequence_s * sequences + self.head_s + (linear if linear > floor else floor)
            + self.prefill_passing_layer_s * token_layers
            + self.prefill_pair_unit_s * pair_units + self.sequence_layer_s * layers + self.kv_unit_s * kv_units
        )  # fmt: skip
        return first_s, self.prefill_pair_unit_s * pair_growth + 0.5 * self.kv_unit_s * units, ENDLESS

    def prompt_token_s(self, layers: float) -> float:
        """See `LatencyModel`."""
        return (self.prefill_token_layer_s + self.prefill_passing_layer_s) * layers
