"""Step times of a CPU, as `profile l2a` measured them."""

from cloudsim.latency.affine import AffineLatency
from cloudsim.models.measured import Clock
from traces.provenance import Provenance, Source


def clocked_latency(clock: Clock, name: str, gate_overhead: float = 0.0) -> AffineLatency:
    """The fit of a measured profile; it has the host's share in it."""
    second = 1 + gate_overhead
    origin = f"python -m cloudsim profile l2a, fit error {clock.error_pct:.1f} %"
    return AffineLatency(
        host_step_s=0.0,
        host_sequence_s=0.0,
        head_s=clock.head_s * second,
        layer_s=clock.layer_s * second,
        sequence_layer_s=clock.sequence_layer_s * second,
        kv_unit_s=clock.kv_unit_s * second,
        prefill_floor_layer_s=0.0,
        prefill_layer_s=clock.prefill_layer_s * second,
        prefill_token_layer_s=clock.prefill_token_layer_s * second,
        prefill_pair_unit_s=clock.prefill_pair_unit_s * second,
        decode_error_pct=clock.error_pct,
        prefill_error_pct=clock.error_pct,
        source=Source(f"step times of {name} on {clock.machine}", Provenance.MEASURED, origin),
    )
