"""The elastic model is the dense one at full budget, and skipping is masking."""

import pytest
import torch

from cloudsim.l2a.decoder import SkippingDecoder
from cloudsim.l2a.network import L2AForCausalLM
from cloudsim.l2a.plan import DensePlanner, GatePlanner, budget_rows
from tests.l2a.network.elastic import KINDS, MODES, dense, elastic, prompts, shared


@pytest.mark.parametrize("groups", [1, 2, 4], ids=["multi-query", "grouped", "multi-head"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_untrained_at_full_budget_it_is_the_dense_model(kind, mode, groups):
    base = dense(kind, groups, dtype=torch.float32)
    rows = prompts([9, 9, 9])
    ids = torch.tensor(rows)
    with torch.no_grad():
        expected = base(input_ids=ids).logits
        model = L2AForCausalLM.wrap(base, mode=mode).eval()
        output = model(ids, torch.tensor([4, 9, 1]), budget_rows([1.0] * 3))
        running = model.decoder().prefill(rows, budget_rows([1.0] * 3), GatePlanner(model))
    assert output.layers.min() == 1
    assert output.groups.min() == 1
    assert expected.abs().max() > 0.5
    torch.testing.assert_close(output.logits, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(running.logits, expected[:, -1], atol=1e-5, rtol=0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_skipping_equals_masking(kind, mode):
    """Prefill and every decoded token, for a batch of padded rows that all run something else."""
    model, decoder = shared(kind, mode)
    budgets = budget_rows([0.3, 0.5, 0.7, 0.9, 0.6, 1.0])
    rows = prompts([3, 8, 5, 1, 7, 4])
    continuation = torch.tensor(prompts([6] * 6, seed=1))
    running = decoder.prefill(rows, budgets, GatePlanner(model))
    assert len(set(running.plan.masks())) > 2
    assert 0.2 < running.plan.layers.double().mean() < 1
    states = [running.logits]
    for token in continuation.T:
        decoder.decode(running, token)
        states.append(running.logits)
    skipped = torch.stack(states, 1)
    for row, prompt in enumerate(rows):
        ids = torch.tensor([prompt + continuation[row].tolist()])
        with torch.no_grad():
            masked = model(ids, torch.tensor([len(prompt)]), budgets[row : row + 1])
        assert torch.equal(masked.layers[0] > 0.5, running.plan.layers[row])
        assert torch.equal((masked.groups[0] > 0.5) & (masked.layers[0] > 0.5).unsqueeze(1), running.plan.groups[row])
        torch.testing.assert_close(skipped[row], masked.logits[0, len(prompt) - 1 :], atol=1e-10, rtol=0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_padding_token_changes_nothing(kind, mode):
    model, _ = shared(kind, mode)
    row = prompts([6])[0]
    budgets = budget_rows([0.6])
    with torch.no_grad():
        alone = model(torch.tensor([row]), torch.tensor([4]), budgets)
        padded = model(torch.tensor([[*row, 7, 7, 7]]), torch.tensor([4]), budgets)
    assert torch.equal(alone.layers, padded.layers)
    torch.testing.assert_close(alone.logits, padded.logits[:, :6], atol=1e-12, rtol=0)


@pytest.mark.parametrize("hard", [True, False], ids=["straight-through", "soft"])
@pytest.mark.parametrize("mode", MODES)
def test_gradients_reach_gates_and_adapters_and_nothing_of_the_base(mode, hard):
    model = elastic("llama", mode).train()
    output = model(torch.tensor(prompts([9, 9])), torch.tensor([5, 7]), budget_rows([0.5, 0.8]), temperature=0.5, hard=hard)
    (output.logits.square().mean() + output.stop.square().mean()).backward()
    reached = {name for name, parameter in model.named_parameters() if parameter.grad is not None and parameter.grad.abs().max() > 0}
    wanted = {name for name, _ in model.named_parameters() if "lora_" in name or not name.startswith("base.")}
    if mode == "faithful":
        # The first layer is never skipped.
        wanted -= {name for name in wanted if name.startswith("gates.layer.0.")}
    elif mode == "nested":
        orders = {"gates.layer_order", "gates.group_order"}
        assert orders <= dict(model.named_buffers()).keys()
        assert not orders & reached
    if hard:
        # Behind a layer that is hard shut nothing has a gradient.
        wanted = {name for name in wanted if "lora_" not in name or ".layers.0." in name}
        wanted -= {name for name in wanted if name.startswith("gates.group.")}
    assert wanted <= reached
    assert not any(name.startswith("base.") and "lora_" not in name for name in reached)
    assert all(parameter.grad is None for name, parameter in model.named_parameters() if not parameter.requires_grad)


def test_a_dense_planner_runs_the_merged_adapters():
    model, decoder = shared("qwen3", "nested")
    rows = prompts([7])
    ones = torch.ones(1, 4), torch.ones(1, 4, 2)
    with torch.no_grad():
        expected = model(torch.tensor(rows), torch.tensor([7]), budget_rows([1.0]), masks=ones).logits[:, -1]
    got = decoder.prefill(rows, budget_rows([0.1]), DensePlanner(2)).logits
    torch.testing.assert_close(got, expected, atol=1e-10, rtol=0)
    unmerged = SkippingDecoder(dense("qwen3"), torch.float64).prefill(rows, budget_rows([1.0]), DensePlanner(2)).logits
    assert (got - unmerged).abs().max() > 1e-3
