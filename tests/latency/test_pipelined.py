import pytest

from cloudsim.cluster.pool import build_pool
from cloudsim.errors import ConfigError
from cloudsim.latency.pipelined import PipelinedLatency, pipelined
from cloudsim.models.gpu import find_gpu
from cloudsim.models.spec import find_model
from tests.cluster.scenario import contender, small
from tests.latency.conformance import State, check
from tests.latency.models import GROUPS, KINDS, LAYERS

UNIT = 2.0**-20 * 0.987


def staged(kind, stages, hop_s=0.0, token_hop_s=0.0):
    return PipelinedLatency(KINDS[kind](UNIT), stages, hop_s, token_hop_s, LAYERS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stages", [2, 4])
def test_every_kind_keeps_the_contract_in_stages(kind, stages):
    check(staged(kind, stages, 1e-5, 1e-8), LAYERS, GROUPS)


def step(model, sequences, chunk=0):
    state = State(sequences, LAYERS, 500, chunk, 0, GROUPS)
    return (model.mixed_run(*state.mixed()) if chunk else model.decode_run(*state.decode()))[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_takes_what_the_fullest_part_takes_through_all_stages(kind):
    inner, stages = KINDS[kind](UNIT), staged(kind, 4)
    for sequences, part in ((4, 1), (16, 4), (64, 16)):
        assert step(stages, sequences) == pytest.approx(step(inner, part))
    hops = staged(kind, 4, hop_s=1e-3, token_hop_s=1e-5)
    assert step(hops, 16) == pytest.approx(step(inner, 4) + 3 * (1e-3 + 4 * 1e-5))


@pytest.mark.parametrize("kind", KINDS)
def test_bubbles_are_paid(kind):
    """Fewer sequences than stages, or a chunk that the parts without one wait for, leave stages idle."""
    inner, stages = KINDS[kind](UNIT), staged(kind, 4)
    assert step(stages, 1) == pytest.approx(step(inner, 1)), "one sequence is as slow as without stages"
    assert step(stages, 3) == pytest.approx(step(inner, 1))
    alone, beside = step(stages, 64), step(stages, 63, chunk=1024)
    prompt = step(inner, 0 + 1, chunk=1024) - step(inner, 1)
    assert beside - alone > 0.9 * prompt


def test_the_layers_of_a_replica_are_divided_among_its_gpus():
    whole = {"fleet__instance": "aws_g6e_12xlarge", "engine__tensor_parallel": 1}

    def pool(**changes):
        config = small(contender({"large": ("llama-3-8b", None, 1)}), [(0.0, 10, 10)], {"a-1a": [(0.0, 1, 1.0)]}, **(whole | changes))
        return build_pool("large", config.contenders["one"].pools["large"], config)

    one, two, four = pool(), pool(engine__pipeline_parallel=2), pool(engine__pipeline_parallel=2, engine__tensor_parallel=2)
    assert two.memory.usable_bytes == 2 * one.memory.usable_bytes
    assert two.memory.weights_bytes == one.memory.weights_bytes
    assert two.blocks > 2 * one.blocks
    assert four.memory.usable_bytes == 4 * one.memory.usable_bytes
    batch = (64, 32, 64 * 32, 64 * 4000 * 256, 64 * 256)
    times = [model.latency.decode_run(*batch)[0] for model in (one, two, four)]
    assert times == sorted(times, reverse=True)
    assert two.latency.source.provenance.value == "projected"
    with pytest.raises(ConfigError, match="4 GPUs, which tensor_parallel 1 × pipeline_parallel 3 does not divide"):
        pool(engine__pipeline_parallel=3)
    with pytest.raises(ConfigError, match="3 GPUs do not make 2 equal stages"):
        two.latency_on(3)


def test_layers_that_cannot_be_divided_are_named():
    model = find_model("qwen3-4b")
    with pytest.raises(ConfigError, match="qwen3-4b has 36 layers, which pipeline_parallel 8"):
        pipelined(KINDS["affine"](UNIT), model, find_gpu("l40s"), 8)
