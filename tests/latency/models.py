"""One model of step times of each kind, of a network of 8 layers with 4 head groups."""

from cloudsim.latency.affine import AffineLatency
from cloudsim.latency.roofline import RooflineLatency
from cloudsim.latency.tabulated import DecodeTable, TabulatedLatency
from traces.provenance import Provenance, Source

LAYERS, GROUPS = 8, 4
SOURCE = Source("test", Provenance.ASSUMED, "a test")


def affine(unit):
    return AffineLatency(
        host_step_s=100 * unit, host_sequence_s=4 * unit, head_s=300 * unit, layer_s=700 * unit, sequence_layer_s=2 * unit,
        kv_unit_s=unit / 16, prefill_floor_layer_s=800 * unit, prefill_layer_s=200 * unit, prefill_token_layer_s=4 * unit,
        prefill_pair_unit_s=unit / 4096, source=SOURCE,
    )  # fmt: skip


def roofline(unit):
    return RooflineLatency(
        host_step_s=100 * unit, host_sequence_s=4 * unit, head_s=300 * unit, launch_layer_s=20 * unit, weights_layer_s=300 * unit,
        kv_unit_s=unit / 16, token_layer_s=80 * unit, pair_unit_s=unit / 4096, source=SOURCE,
    )  # fmt: skip


def tabulated(unit):
    sequences, tokens = (1, 2, 5, 40), (0, 7, 30, 200, 900)
    rows = tuple(
        tuple(unit * (700 + 3 * count + (count * held) ** 0.9 / 4 + (200 if count > 2 else 0)) for held in tokens) for count in sequences
    )
    return TabulatedLatency(
        host_step_s=100 * unit, host_sequence_s=4 * unit, head_s=300 * unit, groups=GROUPS, decode=DecodeTable(sequences, tokens, rows),
        prefill_floor_layer_s=800 * unit, prefill_layer_s=200 * unit, prefill_token_layer_s=4 * unit, prefill_pair_unit_s=unit / 4096,
        source=SOURCE,
    )  # fmt: skip


KINDS = {"affine": affine, "roofline": roofline, "tabulated": tabulated}
