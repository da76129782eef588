"""Step times from what a GPU can move and compute (Williams et al., doi:10.1145/1498765.1498785)."""

from dataclasses import dataclass

from cloudsim.latency.contract import ENDLESS, Run
from traces.provenance import Source


@dataclass(frozen=True, slots=True)
class RooflineLatency:
    """A `LatencyModel` in which a step takes the longer of moving its bytes and computing its products.

    Weights, keys and values are moved; a run of decode steps that computes begins to move longer where its context has grown far enough.

    Args:
        host_step_s, host_sequence_s, head_s: as in `AffineLatency`.
        launch_layer_s: one layer's kernels, whatever they do.
        weights_layer_s: moving the weights of one layer.
        kv_unit_s: moving one cached token of one unit.
        token_layer_s: computing one token in one layer, decoding or prefilling.
        pair_unit_s: computing one pair of prompt tokens in one unit.
    """

    host_step_s: float
    host_sequence_s: float
    head_s: float
    launch_layer_s: float
    weights_layer_s: float
    kv_unit_s: float
    token_layer_s: float
    pair_unit_s: float
    source: Source
    decode_error_pct: float | None = None
    prefill_error_pct: float | None = None

    def decode_run(self, sequences: int, layers_read: float, layers: float, kv_units: float, units: float) -> Run:
        """See `LatencyModel`."""
        return self.mixed_run(sequences, layers_read, layers, kv_units, units, 0, 0, 0)

    def mixed_run(
        self, sequences: int, layers_read: float, layers: float, kv_units: float, units: float, token_layers: float, pair_units: float,
        pair_growth: float,
    ) -> Run:  # fmt: skip
        """See `LatencyModel`."""
        fixed_s = self.host_step_s + self.host_sequence_s * sequences + self.head_s + self.launch_layer_s * layers_read
        moved_s, moved_more = self.weights_layer_s * layers_read + self.kv_unit_s * kv_units, 0.5 * self.kv_unit_s * units
        computed_s = self.token_layer_s * (layers + token_layers) + self.pair_unit_s * pair_units
        computed_more = self.pair_unit_s * pair_growth
        if moved_s >= computed_s:
            first_s, growth_s, gap_s, closing = moved_s, moved_more, moved_s - computed_s, computed_more - moved_more
        else:
            first_s, growth_s, gap_s, closing = computed_s, computed_more, computed_s - moved_s, moved_more - computed_more
        # The other of the two grows by twice its coefficient from step to step.
        steps = int(gap_s / (2 * closing)) + 1 if closing > 0 else ENDLESS
        return fixed_s + first_s, growth_s, min(steps, ENDLESS)

    def prompt_token_s(self, layers: float) -> float:
        """See `LatencyModel`."""
        return self.token_layer_s * layers
