"""What is skipped costs nothing: no call, no keys and values, no operations."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from cloudsim.l2a.cost import ModelCost
from cloudsim.l2a.decoder import SkippingDecoder
from cloudsim.l2a.generation import Words, generate
from cloudsim.l2a.plan import DensePlanner, GatePlanner, Plan, StaticPlanner, budget_rows
from tests.l2a.network.elastic import KINDS, MODES, dense, elastic, prompts, shared


class Counted(list):
    """Weights of layers, and which of them were used."""

    def __init__(self, layers):
        super().__init__(layers)
        self.used = set()

    def __getitem__(self, index):
        self.used.add(index)
        return super().__getitem__(index)


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_that_nobody_needs_is_not_called(kind):
    decoder = SkippingDecoder(dense(kind), torch.float64)
    decoder.layers = Counted(decoder.layers)
    keep, groups = torch.tensor([1, 0, 1, 0]), torch.ones(4, 2)
    running = decoder.prefill(prompts([4, 6]), budget_rows([1.0, 1.0]), StaticPlanner(keep, groups))
    decoder.decode(running, torch.tensor([5, 6]))
    assert decoder.layers.used == {0, 2}


def test_a_layer_computes_only_the_rows_that_need_it(monkeypatch):
    model = elastic("llama", "nested")
    decoder = model.decoder()
    rows = []
    attention = decoder._attention

    def counted(index, inner, *rest):
        rows.append((index, len(inner)))
        return attention(index, inner, *rest)

    monkeypatch.setattr(decoder, "_attention", counted)
    running = decoder.prefill(prompts([4, 6, 3, 5]), budget_rows([0.2, 0.5, 0.7, 1.0]), GatePlanner(model))
    assert len(set(running.plan.layers.sum(0).tolist())) > 1
    assert rows == calls(running.plan)
    rows.clear()
    decoder.decode(running, torch.tensor([3, 4, 5, 6]))
    assert rows == calls(running.plan)
    rows.clear()
    running.keep(torch.tensor([0, 1]))
    decoder.decode(running, torch.tensor([3, 4]))
    assert rows == calls(running.plan)


def calls(plan):
    """Layers with attention to compute, and the rows of each."""
    return [(index, int(plan.layers[:, index].sum())) for index in range(plan.layers.shape[1]) if plan.groups[:, index].any()]


@pytest.mark.parametrize("capacity", [None, 16], ids=["dynamic", "static"])
@pytest.mark.parametrize("mode", MODES)
def test_keys_and_values_take_the_bytes_of_the_theory(mode, capacity):
    model, decoder = shared("qwen3", mode)
    cost = ModelCost.of(model.base.config)
    running = decoder.prefill(prompts([6] * 5), budget_rows([0.2, 0.4, 0.6, 0.8, 1.0]), GatePlanner(model), capacity)
    whole = cost.kv_bytes(Plan(torch.ones(5, 4), torch.ones(5, 4, 2)), torch.tensor(6), 8).sum()
    for tokens in (6, 7, 8):
        assert running.cache.bytes_used() == int(cost.kv_bytes(running.plan, torch.tensor(tokens), 8).sum())
        stored = [each for each in (*running.cache._keys, *running.cache._values) if each is not None]
        columns = {each.shape[1] for each in stored}
        assert columns == {16} if capacity else max(columns) <= 2 * tokens
        assert sum(len(each) for each in stored) == 2 * int(running.plan.groups.sum())
        decoder.decode(running, torch.full((5,), 9))
    assert running.cache.bytes_used() < whole * 9 / 6
    running.keep(torch.tensor([0, 3]))
    assert running.cache.bytes_used() == int(cost.kv_bytes(running.plan, torch.tensor(9), 8).sum())


@pytest.mark.parametrize(("kind", "groups"), [("llama", 1), ("llama", 4), ("qwen3", 2)])
@given(data=st.data(), prompt=st.integers(1, 8), new=st.integers(1, 6))
@settings(max_examples=6)
def test_operations_are_those_of_the_theory(kind, groups, data, prompt, new):
    base = dense(kind, groups, layers=3)
    flags = st.lists(st.booleans(), min_size=groups, max_size=groups)
    layers = torch.tensor(data.draw(st.lists(st.booleans(), min_size=3, max_size=3)))
    kept = torch.tensor([data.draw(flags) for _ in range(3)]) & layers.unsqueeze(1)
    decoder, cost = SkippingDecoder(base, torch.float64), ModelCost.of(base.config)
    with FlopCounterMode(display=False) as counter:
        answer = generate(decoder, prompts([prompt]), budget_rows([1.0]), StaticPlanner(layers, kept), Words(frozenset()), new)
    expected = cost.flops(answer.plan, torch.tensor([prompt]), torch.tensor([new])) + cost.masked_flops(answer.plan, torch.tensor([prompt]))
    assert counter.get_total_flops() == int(expected)


def test_the_share_of_a_dense_plan_is_one():
    model, decoder = shared("llama", "nested")
    cost = ModelCost.of(model.base.config)
    whole = decoder.prefill(prompts([3]), budget_rows([0.5]), DensePlanner(2)).plan
    assert cost.share(whole).item() == 1
    half = Plan(whole.layers & torch.tensor([True, False, True, False]), whole.groups & torch.tensor([True, False, True, False])[:, None])
    assert cost.share(half).item() == 0.5
    parameters = sum(parameter.numel() for name, parameter in dense("llama").named_parameters() if "proj" in name)
    per_token = 4 * (2 * cost.group + cost.mlp)
    assert per_token == 2 * parameters
