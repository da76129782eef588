"""More budget never keeps less, and nested skip sets contain each other."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudsim.errors import ModelError
from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.network import L2AForCausalLM
from cloudsim.l2a.plan import GatePlanner, budget_rows, calibrated
from tests.l2a.network.elastic import KINDS, dense, elastic, prompts, shared


@pytest.mark.parametrize("kind", KINDS)
@given(length=st.integers(1, 9), seed=st.integers(0, 999), low=st.floats(0, 1), high=st.floats(0, 1))
@settings(max_examples=12)
def test_before_the_dials_are_trained_a_smaller_budget_keeps_a_subset(kind, length, seed, low, high):
    low, high = sorted((low, high))
    model = L2AForCausalLM.wrap(dense(kind, seed=3), mode="nested").double().eval()
    row = prompts([length], seed)[0]
    plan = model.decoder().prefill([row, row], budget_rows([low, high]), GatePlanner(model)).plan
    assert not (plan.layers[0] & ~plan.layers[1]).any()
    assert not (plan.groups[0] & ~plan.groups[1]).any()


@given(lengths=st.lists(st.integers(1, 9), min_size=2, max_size=5), seed=st.integers(0, 999), data=st.data())
@settings(max_examples=12)
def test_the_layers_of_any_two_prompts_contain_each_other(lengths, seed, data):
    """Whatever prompts and budgets turned the dials to: depth is one order for all."""
    model, decoder = shared("llama", "nested")
    budgets = [data.draw(st.floats(0, 1)) for _ in lengths]
    plan = decoder.prefill(prompts(lengths, seed), budget_rows(budgets), GatePlanner(model)).plan
    for one in range(len(lengths)):
        for other in range(len(lengths)):
            a, b = plan.layers[one], plan.layers[other]
            assert not (a & ~b).any() or not (b & ~a).any()


def test_nested_keeps_more_at_each_budget_up_to_everything():
    model = L2AForCausalLM.wrap(dense("llama", layers=8), mode="nested").double().eval()
    budgets = [number / 20 for number in range(21)]
    plan = model.decoder().prefill(prompts([5]) * 21, budget_rows(budgets), GatePlanner(model)).plan
    kept = plan.groups.sum((1, 2))
    assert (kept.diff() >= 0).all()
    assert kept[-1] == 16
    assert len(kept.unique()) > 5
    assert plan.layers[:, 0].all()
    assert plan.groups[:, 0].all()


def test_dials_rest_on_their_levels():
    free, _ = shared("llama", "nested")
    resting = elastic("llama", "nested", levels=3)
    budgets = budget_rows([number / 30 for number in range(30)])
    rows = prompts([5] * 30)
    masks = [len(set(model.decoder().prefill(rows, budgets, GatePlanner(model)).plan.masks())) for model in (free, resting)]
    assert masks[1] <= 9
    assert masks[1] < masks[0]


def test_the_calibration_is_between_what_is_asked_and_the_gates():
    model = elastic("llama", "nested", depth_map=[(0.0, 0.0), (0.5, 0.2), (1.0, 1.0)], width_map=[(0.0, 0.1), (1.0, 1.0)])
    plain = elastic("llama", "nested")
    rows = prompts([5])
    mapped = model.decoder().prefill(rows, torch.tensor([[0.5, 0.5, 1.0]]), GatePlanner(model))
    assert mapped.plan.masks() == _masks(plain, rows, [0.2, 0.55, 1.0])
    assert mapped.plan.masks() != _masks(plain, rows, [0.5, 0.5, 1.0])
    assert len(mapped.plan.layers) == 1
    asked = torch.tensor([[-1.0, 0.25, 0.3], [0.75, 2.0, 0.4]])
    given = calibrated(asked, model.config.depth_map, model.config.width_map)
    assert given.flatten().tolist() == pytest.approx([0.0, 0.325, 0.3, 0.6, 1.0, 0.4])


def _masks(model, rows, budget):
    return model.decoder().prefill(rows, torch.tensor([budget]), GatePlanner(model)).plan.masks()


def test_a_dial_runs_its_share_of_the_layers_and_no_prompt_is_far_from_it():
    # Some draws of the gates turn all six prompts alike.
    torch.manual_seed(0)
    model = L2AForCausalLM.wrap(dense("llama", layers=8), mode="nested").double().eval()
    with torch.no_grad():
        model.gates.dial[-1].weight.normal_(std=100.0)
        model.gates.layer_order.copy_(torch.tensor([5.0, 9.0, 9.0, 9.0, -3.0, 0.1, 9.0, 0.2]))
    rows = prompts([5, 6, 7, 8, 9, 10])
    for depth in (0.3, 0.5, 0.8):
        plan = model.decoder().prefill(rows, torch.tensor([[depth, depth, 1.0]] * len(rows)), GatePlanner(model)).plan
        kept = plan.layers.double().mean(1)
        assert (kept - depth).abs().max() <= 0.125 + 0.0625
        assert len(kept.unique()) > 1
        assert plan.layers[:, 0].all()
        # Of the rest the fifth layer goes last, and of equal ones the last goes first.
        assert plan.layers[:, 4].all()
        assert not plan.layers[:, 6].any()


@pytest.mark.parametrize("budget", [-0.1, 1.01, float("nan")])
def test_a_budget_outside_its_limits_is_named(budget):
    with pytest.raises(ModelError, match="from 0 to 1"):
        ComputeBudget.of(budget)
    with pytest.raises(ModelError, match="width is"):
        ComputeBudget(0.5, budget, 0.5)


def test_a_scalar_budget_shares_itself_out_as_the_paper_does():
    budget = ComputeBudget.of(0.6)
    assert (1 - budget.depth, 1 - budget.width) == pytest.approx((0.48, 0.32))
    assert budget.compute == pytest.approx(0.6)
    assert ComputeBudget.of(budget) is budget
