import pytest

from cloudsim.errors import ConfigError
from cloudsim.latency.clocked import clocked_latency
from cloudsim.latency.fitted import fitted_latency
from cloudsim.latency.host import Host
from cloudsim.latency.lookup import find_latency
from cloudsim.latency.structural import structural_latency
from cloudsim.models.gpu import find_gpu
from cloudsim.models.spec import find_model
from tests.models.profiles import profile
from traces.provenance import Provenance

HOST = Host(1e-4, 1e-6)


def step_s(latency, model, sequences=8, tokens=500):
    layers = sequences * model.layers
    return latency.decode_run(sequences, model.layers, layers, layers * model.kv_heads * tokens, layers * model.kv_heads)[0]


@pytest.mark.parametrize("gpu", ["l40s", "h100", "b200"])
@pytest.mark.parametrize("name", ["llama-3-8b", "llama-3.2-1b", "qwen3-1.7b"])
def test_the_shape_of_a_model_tells_its_step_times(name, gpu):
    model = find_model(name)
    fitted, projected = fitted_latency(model, gpu, "bf16", 1, HOST), structural_latency(model, find_gpu(gpu), "bf16", 1, HOST)
    assert step_s(projected, model) == pytest.approx(step_s(fitted, model), rel=0.09)


@pytest.mark.parametrize("tensor_parallel", [2, 4, 8])
@pytest.mark.parametrize("gpu", ["a100", "h100", "b200"])
def test_it_does_on_several_gpus(gpu, tensor_parallel):
    model, served = find_model("llama-3-70b"), ("bf16", tensor_parallel, HOST)
    fitted, projected = fitted_latency(model, gpu, *served), structural_latency(model, find_gpu(gpu), *served)
    for sequences in (1, 8, 64):
        assert step_s(projected, model, sequences) == pytest.approx(step_s(fitted, model, sequences), rel=0.25)


def test_a_small_model_is_bound_by_launching_its_layers():
    model, known = profile().spec, find_model("qwen3-0.6b")
    small, large = find_latency(model, find_gpu("h100"), "bf16", 1, HOST), find_latency(known, find_gpu("h100"), "bf16", 1, HOST)
    assert (small.source.provenance, large.source.provenance) == (Provenance.PROJECTED, Provenance.MEASURED)
    assert 0 < small.layer_s < large.layer_s


def test_gates_cost_their_share():
    plain, gated = (structural_latency(profile().spec, find_gpu("l40s"), "bf16", 1, HOST, share) for share in (0.0, 0.5))
    assert gated.layer_s == pytest.approx(1.5 * plain.layer_s)
    assert gated.host_step_s == plain.host_step_s


def test_a_gpu_without_tables_is_estimated_and_says_so():
    latency = find_latency(find_model("llama-3-8b"), find_gpu("l4"), "bf16", 1, HOST)
    assert latency.source.provenance is Provenance.ASSUMED
    assert "no tables" in latency.source.origin


@pytest.mark.parametrize(
    ("gpu", "precision", "tensor_parallel", "said"),
    [("v100", "fp8", 1, "GPU v100 does not compute in fp8; it does in bf16"), ("l4", "bf16", 3, "8 KV heads, which tensor_parallel 3")],
)
def test_what_cannot_be_served_is_said(gpu, precision, tensor_parallel, said):
    with pytest.raises(ConfigError, match=said):
        find_latency(find_model("llama-3-8b"), find_gpu(gpu), precision, tensor_parallel, HOST)


def test_the_measured_clock_has_no_host_on_top():
    latency = clocked_latency(profile().clock, "tiny-reasoner")
    assert latency.decode_run(2, 8, 16, 100, 0)[0] == pytest.approx(1e-4 + 8 * 1e-3 + 16 * 1e-5 + 100 * 1e-9)
    assert latency.source.provenance is Provenance.MEASURED
