import pytest

from tests.l2a.optional import needs

torch = needs("torch", "model")


def test_saturation_holds_down_the_budgets_that_lose_much_and_leaves_the_others():
    from cloudsim.l2a.training.objective import saturated

    kinds = [torch.tensor([0, 2]), torch.tensor([1, 3])]
    targets = torch.tensor([0.1, 0.2, 0.3, 0.4])
    means = torch.tensor([0.001, 5.0, 0.001, 5.0])
    losses = (means * targets).requires_grad_()
    assert saturated(losses, targets, kinds, 0.0) == losses.sum()
    saturated(losses, targets, kinds, 0.1).backward()
    assert losses.grad.tolist() == pytest.approx([1 / 1.01, 1 / 51, 1 / 1.01, 1 / 51])
    alone = saturated(losses[kinds[0]], targets[kinds[0]], [torch.tensor([0, 1])], 0.1)
    assert float(alone.detach()) == pytest.approx(0.4 * 0.1 * float(torch.log1p(torch.tensor(0.01))), rel=1e-4)
