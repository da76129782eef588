import pytest

from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.calibration import calibrate
from cloudsim.l2a.plan import GatePlanner, budget_rows
from cloudsim.l2a.tasks.suite import calibration_suite


def test_maps_are_monotone_and_make_the_gates_keep_to_the_budget():
    import torch

    from cloudsim.l2a.base import build_base
    from cloudsim.l2a.network import L2AForCausalLM

    torch.manual_seed(0)
    model = L2AForCausalLM.wrap(build_base(layers=12, hidden=32, heads=4, groups=4)).eval()
    with torch.no_grad():
        # Dials that depend on the prompt, and gates that are off by far.
        model.gates.dial[-1].weight.normal_(std=0.6)
        model.gates.dial[-1].bias.copy_(torch.tensor([1.0, -0.8]))
    questions, grid = calibration_suite(64, 0), (0.5, 0.6, 0.7, 0.8, 0.9)

    def errors():
        found = []
        prompts = [list(question.prompt) for question in questions]
        for budget in grid:
            plan = model.decoder().prefill(prompts, budget_rows([budget] * len(prompts)), GatePlanner(model)).plan
            wide = plan.groups.sum((1, 2)) / (plan.layers.sum(1) * 4)
            asked = ComputeBudget.of(budget)
            found.append((float(plan.layers.double().mean()) - asked.depth, float(wide.double().mean()) - asked.width))
        return found

    before = errors()
    assert max(abs(depth) for depth, _ in before) > 0.05
    calibration = calibrate(model, [question.prompt for question in questions], grid)
    assert errors() == before, "calibrating changes nothing by itself"
    calibration.apply(model)
    after = errors()
    assert max(abs(depth + width) / 2 for depth, width in after) <= 0.02
    assert list(calibration.errors.values()) == [pytest.approx(pair, abs=0.005) for pair in after]
    for points in (calibration.depth_map, calibration.width_map):
        assert points == sorted(points)
        assert [given for _, given in points] == sorted(given for _, given in points)
