import pytest
from hypothesis import given, settings

from cloudsim.latency.host import Host
from cloudsim.latency.lookup import find_latency
from cloudsim.latency.rounded import RoundedLatency, captured
from cloudsim.models.gpu import find_gpu
from cloudsim.models.spec import find_model
from tests.latency.conformance import check, states
from tests.latency.models import GROUPS, KINDS, LAYERS


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_keeps_the_contract(kind):
    check(KINDS[kind](2.0**-20 * 0.987), LAYERS, GROUPS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_keeps_it_in_captured_graphs(kind):
    check(RoundedLatency(KINDS[kind](2.0**-20 * 0.987)), LAYERS, GROUPS)


def test_batches_take_the_time_of_the_next_graph():
    inner = KINDS["affine"](2.0**-20)
    rounded = RoundedLatency(inner)
    assert [captured(count) for count in (1, 2, 3, 4, 5, 8, 9, 16, 17, 250)] == [1, 2, 4, 4, 8, 8, 16, 16, 24, 256]
    assert rounded.decode_run(16, 8, 128, 999, 7) == inner.decode_run(16, 8, 128, 999, 7)
    filled = inner.decode_run(16, 8, 128, 999, 7)[0]
    assert rounded.decode_run(9, 8, 72, 999, 7)[0] == filled > inner.decode_run(9, 8, 72, 999, 7)[0]
    assert rounded.decode_run(9, 8, 72, 999, 7)[1] == inner.decode_run(9, 8, 72, 999, 7)[1]
    prompt = (3, 8, 16, 99, 7, 640, 3000, 0)
    assert rounded.mixed_run(*prompt) == inner.mixed_run(*prompt)
    assert "captured graphs" in rounded.source.origin


@pytest.mark.parametrize("gpu", ["h100", "l4"])
def test_models_of_the_catalogue_keep_it(gpu):
    model = find_model("llama-3-8b")
    check(find_latency(model, find_gpu(gpu), "bf16", 1, Host(1.26e-4, 4.4e-6)), model.layers, model.kv_heads)


@settings(max_examples=150, deadline=None)
@given(state=states(32, 8), other=states(32, 8))
def test_a_mixed_batch_taken_apart_is_never_faster(state, other):
    """Steps for each depth in turn do not pay: what one step reads once is read in two. Like budgets have to meet on a replica."""
    latency = find_latency(find_model("llama-3-8b"), find_gpu("l40s"), "bf16", 1, Host(1.26e-4, 4.4e-6))
    alone = [each.decode() for each in (state, other)]
    sequences, read, *sums = zip(*alone, strict=True)
    together = latency.decode_run(sum(sequences), max(read), *map(sum, sums))[0]
    assert sum(latency.decode_run(*each)[0] for each in alone) > together
