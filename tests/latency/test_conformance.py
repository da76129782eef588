import pytest

from cloudsim.latency.fitted import fitted_latency
from cloudsim.latency.projected import extrapolated_latency
from cloudsim.models.spec import find_model
from tests.latency.conformance import check
from tests.latency.models import GROUPS, KINDS, LAYERS


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_keeps_the_contract(kind):
    check(KINDS[kind](2.0**-20 * 0.987), LAYERS, GROUPS)


@pytest.mark.parametrize("build", [fitted_latency, extrapolated_latency])
def test_models_of_the_catalogue_keep_it(build):
    model = find_model("llama-3-8b")
    check(build(model, "h100", "bf16", 1, 1.26e-4, 4.4e-6), model.layers, model.kv_heads)
