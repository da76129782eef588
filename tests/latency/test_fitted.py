import pytest

from cloudsim.errors import ConfigError
from cloudsim.latency.fitted import fitted_latency, measured_latency
from cloudsim.latency.projected import extrapolated_latency
from cloudsim.models.spec import find_model
from tests.models.profiles import profile
from traces.provenance import Provenance


@pytest.mark.parametrize("gpu", ["l40s", "h100", "b200"])
@pytest.mark.parametrize("name", ["llama-3-8b", "llama-3.2-1b", "qwen3-1.7b"])
def test_the_line_through_the_known_models_passes_near_each(name, gpu):
    model = find_model(name)
    made = [build(model, gpu, "bf16", 1, 1e-4, 1e-6) for build in (fitted_latency, extrapolated_latency)]
    steps = [latency.decode_run(8, model.layers, 8 * model.layers, 8 * 500 * model.layers * model.kv_heads, 0)[0] for latency in made]
    assert steps[1] == pytest.approx(steps[0], rel=0.12)


def test_a_small_model_is_bound_by_launching_its_layers():
    model, h100 = profile().spec, ("h100", "bf16", 1, 0.0, 0.0)
    small, known = extrapolated_latency(model, *h100), fitted_latency(find_model("qwen3-0.6b"), *h100)
    assert small.source.provenance is Provenance.PROJECTED
    assert 0 < small.layer_s < known.layer_s


def test_gates_cost_their_share():
    plain, gated = (extrapolated_latency(profile().spec, "l40s", "bf16", 1, 1e-4, 1e-6, share) for share in (0.0, 0.5))
    assert gated.layer_s == pytest.approx(1.5 * plain.layer_s)
    assert gated.host_step_s == plain.host_step_s


def test_too_few_models_to_project_from_is_said():
    with pytest.raises(ConfigError, match=r"there are 1 models to project from.*model\.clock=measured"):
        extrapolated_latency(profile().spec, "h100", "bf16", 8, 0.0, 0.0)


def test_the_measured_clock_has_no_host_on_top():
    latency = measured_latency(profile().clock, "tiny-reasoner")
    assert latency.decode_run(2, 8, 16, 100, 0)[0] == pytest.approx(1e-4 + 8 * 1e-3 + 16 * 1e-5 + 100 * 1e-9)
    assert latency.source.provenance is Provenance.MEASURED
