"""Tokens that skip layers one by one: the decoder, what it costs, and the files."""

import json

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from cloudsim.errors import ModelError
from cloudsim.l2a.base import build_base
from cloudsim.l2a.decoder import SkippingDecoder
from cloudsim.l2a.evaluation.catalog import method
from cloudsim.l2a.evaluation.methods.flexidepth import RoutedDecoder
from cloudsim.l2a.generation import Words, generate
from cloudsim.l2a.plan import DensePlanner
from cloudsim.l2a.routing_cost import RoutingCost
from cloudsim.l2a.token_router import RoutingShape, TokenRouted, load_routed, save_routed
from cloudsim.l2a.weights_folder import WeightsFolder
from tests.l2a.network.elastic import KINDS, dense, prompts
from tests.l2a.network.routers import routed, turn

DENSE = DensePlanner(2)


def start(decoder, rows):
    return decoder.prefill(rows, torch.ones(len(rows), 3), DENSE)


@pytest.mark.parametrize("kind", KINDS)
def test_untrained_it_is_the_dense_model(kind):
    base, rows = dense(kind, dtype=torch.float32), prompts([9, 9, 9])
    with torch.no_grad():
        expected = base(input_ids=torch.tensor(rows)).logits
        model = TokenRouted.wrap(base, RoutingShape(1, 4, 4)).eval()
        output = model(torch.tensor(rows))
        running = start(RoutedDecoder(model), rows)
    assert output.runs.min() == 1
    assert expected.abs().max() > 0.5
    torch.testing.assert_close(output.logits, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(running.logits, expected[:, -1], atol=1e-5, rtol=0)


@pytest.mark.parametrize("dense_layers", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_skipping_is_what_was_trained(kind, dense_layers):
    """Prompts, every decoded token, and rows that go on alone: each row as the training's forward pass has it on its own."""
    model = routed(kind, shape=RoutingShape(dense_layers, 4, 4))
    decoder, rows = RoutedDecoder(model, torch.float64), prompts([3, 8, 5, 1, 7, 4])
    continuation = torch.tensor(prompts([6] * 6, seed=1))
    running, left = start(decoder, rows), [0, 2, 5]
    read = [decoder.decisions]
    states = [running.logits]
    for step, token in enumerate(continuation.T):
        if step == 3:
            running.keep(torch.tensor(left))
        decoder.decisions = []
        decoder.decode(running, token if step < 3 else token[left])
        states.append(running.logits)
        read.append(decoder.decisions)
    assert 0.1 < torch.stack(read[0]).double().mean() < 0.9
    for row, prompt in enumerate(rows):
        ids = torch.tensor([prompt + continuation[row].tolist()])
        with torch.no_grad():
            trained = model(ids)
        for step, state in enumerate(states):
            if step < 4 or row in left:
                number, place = row if step < 4 else left.index(row), len(prompt) - 1 + step
                torch.testing.assert_close(state[number], trained.logits[0, place], atol=1e-10, rtol=0)
                decided = torch.stack(read[step], -1)[number, -1]
                assert torch.equal(decided, trained.runs[0, place] > 0.5)
        assert torch.equal(decoder.runs([ids[0].tolist()])[0], trained.runs[0] > 0.5)


def test_a_token_that_skips_can_still_be_attended_to():
    """Only the first token skips, and every layer; the last one's logits depend on the keys and values it made all the same."""
    model = routed("llama", shape=RoutingShape(0, 4, 4))
    first, second = prompts([4, 4])
    decoder = RoutedDecoder(model, torch.float64)
    first[1:] = second[1:]

    def logits(skipping):
        for router in decoder._routers:
            router.forward = lambda hidden: torch.tensor([-1.0 if skipping else 1.0, 1.0, 1.0, 1.0]).expand(len(hidden), 4)
        return start(decoder, [first, second]).logits

    skipped, whole = logits(True), logits(False)
    assert (skipped - whole).abs().max() > 1e-3
    assert (skipped[0] - skipped[1]).abs().max() > 1e-3


@pytest.mark.parametrize("threshold", [100.0, 0.0, -100.0], ids=["none", "some", "all"])
@pytest.mark.parametrize(("kind", "groups"), [("llama", 2), ("qwen3", 1)])
def test_operations_are_those_of_the_theory(kind, groups, threshold):
    model = routed(kind, threshold, groups=groups)
    decoder, cost, prompt, new = RoutedDecoder(model, torch.float64), RoutingCost.of(model), prompts([7])[0], 5
    with FlopCounterMode(display=False) as counter:
        answer = generate(decoder, [prompt], torch.ones(1, 3), DensePlanner(groups), Words(frozenset()), new)
    runs = decoder.runs([[*prompt, *answer.tokens[0][:-1]]])[0]
    kept = 1 + runs.sum(1)
    assert set(kept.tolist()) == {1} if threshold > 0 else set(kept.tolist()) == {4} if threshold else len(set(kept.tolist())) > 1
    # Reading a prompt, a running token meets the keys of later ones too, which are masked.
    later = (torch.arange(6, -1, -1) * kept[:7]).sum() * cost.dense.attended * groups
    assert counter.get_total_flops() == int(cost.flops(kept, new) + later)


def test_the_share_is_that_of_the_weights_each_token_meets(bench, questions, models):
    """Counted by hand: two operations for each weight of each matrix that a token is multiplied with."""
    made, question = method("flexidepth").contender(bench, 0.6, None), questions[0]
    record = made.records([question], [0])[0]
    model = load_routed(bench.dense, models / "healed" / "flexidepth-60.safetensors")
    answer = made.answers([question]).tokens[0]
    assert record.tokens == len(answer)
    with torch.no_grad():
        runs = model(torch.tensor([[*question.prompt, *answer[:-1]]])).runs[0]
    assert 0 < runs.mean() < 1
    layer = bench.dense.model.layers[0]
    sizes = {name: weight.numel() for name, weight in layer.named_parameters() if "proj" in name}
    keys = sizes["self_attn.k_proj.weight"] + sizes["self_attn.v_proj.weight"]
    width, router, bypass = 32, 32 * 2 + 2, 3 * 32 * 5
    assert sum(sizes.values()) == 4 * width * width - 2 * width * 16 + 3 * width * 80
    spent = 0.0
    for token in runs:
        spent += sum(sizes.values())
        for run in token:
            spent += router + (sum(sizes.values()) if run else keys + bypass)
    assert record.share == pytest.approx(spent / (len(runs) * 4 * sum(sizes.values())), rel=1e-6)
    assert record.layers == pytest.approx(1 + float(runs.sum(1).mean()), rel=1e-6)
    whole = method("dense").contender(bench, 1.0, None)
    assert record.kv_bytes == float(whole.spent([question], made.answers([question])).kv_bytes[0])


def test_drafts_and_batches_change_no_token(bench, questions):
    made, questions = method("flexidepth").contender(bench, 0.6, None), questions[::3]
    together = made.answers(questions).tokens
    for question, tokens in zip(questions, together, strict=True):
        plain = generate(made.decoder, [question.prompt], torch.ones(1, 3), DENSE, Words(frozenset()), len(tokens))
        assert plain.tokens[0] == tokens
    dense_answers = method("dense").contender(bench, 1.0, None).answers(questions).tokens
    assert together != dense_answers


def test_layers_for_a_share_are_the_inverse_of_its_cost():
    cost = RoutingCost.of(routed("llama"))
    for share in (0.5, 0.7, 0.9):
        assert cost.share(cost.kept(share)) == pytest.approx(share)
    assert cost.kept(2.0) == cost.dense.layers
    least = cost.share(1.0)
    with pytest.raises(ModelError, match=rf"still takes {least:.1%} of the dense compute .* more than the 25.0% .* lower dense_layers"):
        cost.kept(0.25)


def test_files_bring_the_same_model_back(tmp_path):
    model, rows = routed("qwen3").float(), torch.tensor(prompts([8, 8]))
    save_routed(model, tmp_path / "healed" / "flexidepth-60.safetensors")
    read = load_routed(dense("qwen3", dtype=torch.float32), tmp_path / "healed" / "flexidepth-60.safetensors")
    assert not any("embed" in name for name in model.added())
    assert read.shape == model.shape
    with torch.no_grad():
        torch.testing.assert_close(read(rows).logits, model(rows).logits, atol=0, rtol=0)
    save_routed(model, tmp_path / "small.safetensors", torch.bfloat16)
    assert (tmp_path / "small.safetensors").stat().st_size < 0.7 * (tmp_path / "healed" / "flexidepth-60.safetensors").stat().st_size
    assert load_routed(dense("qwen3", dtype=torch.float32), tmp_path / "small.safetensors").routers[0].down.weight.dtype == torch.float32


def test_wrong_files_are_told(tmp_path):
    base, path = dense("llama", dtype=torch.float32), tmp_path / "flexidepth-60.safetensors"
    save_routed(routed("llama").float(), path)
    beside = path.with_suffix(".json")
    with pytest.raises(ModelError, match=r"flexidepth-60\.safetensors: its routers were trained on a dense model with the sha256"):
        load_routed(dense("llama", dtype=torch.float32, seed=5), path)
    whole, described = path.read_bytes(), json.loads(beside.read_text())
    path.write_bytes(whole[:-10])
    with pytest.raises(ModelError, match="are no whole safetensors file"):
        load_routed(base, path)
    path.write_bytes(whole)
    for found in ("{", "[]", json.dumps({**described, "reduction": None})):
        beside.write_text(found)
        with pytest.raises(ModelError, match=r"flexidepth-60\.json: does not describe routers"):
            load_routed(base, path)
    beside.write_text(json.dumps({**described, "dense_layers": 2}))
    with pytest.raises(ModelError, match=r"does not fit flexidepth-60\.json"):
        load_routed(base, path)
    path.unlink()
    beside.write_text(json.dumps(described))
    with pytest.raises(ModelError, match="is missing"):
        load_routed(base, path)


def test_a_model_needs_a_layer_to_route_and_a_base_that_can_be_wrapped():
    with pytest.raises(ModelError, match="of 4 layers, 0 to 3 can be left without a router"):
        TokenRouted.wrap(dense("llama"), RoutingShape(4, 4, 0))
    with pytest.raises(ModelError, match="attention_bias=True, which L2A does not support"):
        TokenRouted.wrap(dense("llama", attention_bias=True), RoutingShape(1, 4, 0))


def test_absent_routers_are_named_with_the_command_that_makes_them(models):
    chosen, weights = method("flexidepth"), WeightsFolder(models)
    assert chosen.missing(weights, 0.6) is None
    assert [path.name for path in chosen.sources(weights, 0.6)] == ["flexidepth-60.safetensors", "flexidepth-60.json"]
    told = chosen.missing(weights, 0.8)
    assert "healed/flexidepth-80.safetensors is not there" in told
    assert "cloudsim train +recipe=flexidepth stages.routing.budget=0.8 makes it" in told


def test_without_lora_the_base_is_the_dense_model():
    model = TokenRouted.wrap(build_base(layers=3, hidden=32, heads=4, groups=2, seed=3), RoutingShape(1, 16, 0))
    turn(model)
    assert {name.partition(".")[0] for name in model.added()} == {"thresholds", "routers", "bypasses"}
    plain = SkippingDecoder(build_base(layers=3, hidden=32, heads=4, groups=2, seed=3))
    for mine, other in zip(RoutedDecoder(model).layers, plain.layers, strict=True):
        assert torch.equal(mine.inputs, other.inputs)
        assert torch.equal(mine.down, other.down)
