import pytest

from cloudsim.latency.host import Host
from cloudsim.latency.lookup import find_latency
from cloudsim.models.gpu import find_gpu
from cloudsim.models.spec import find_model
from tests.latency.conformance import check
from tests.latency.models import GROUPS, KINDS, LAYERS


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_keeps_the_contract(kind):
    check(KINDS[kind](2.0**-20 * 0.987), LAYERS, GROUPS)


@pytest.mark.parametrize("gpu", ["h100", "l4"])
def test_models_of_the_catalogue_keep_it(gpu):
    model = find_model("llama-3-8b")
    check(find_latency(model, find_gpu(gpu), "bf16", 1, Host(1.26e-4, 4.4e-6)), model.layers, model.kv_heads)
