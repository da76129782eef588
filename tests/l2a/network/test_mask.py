import pytest

from cloudsim.errors import ModelError
from cloudsim.l2a.base import build_base
from cloudsim.l2a.budget import ComputeBudget
from cloudsim.l2a.cost import ModelCost
from cloudsim.l2a.evaluation.methods.every_kth import even_mask
from cloudsim.l2a.mask import Mask, equal_budget, sizes, target_share
from cloudsim.l2a.plan import Plan

COST = ModelCost.of(build_base().config)


@pytest.mark.parametrize("budget", [0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
def test_a_static_mask_meets_the_compute_of_its_budget(budget):
    mask = even_mask(COST, budget)
    layers, groups = (flags.bool()[None] for flags in mask.tensors())
    realised = float(COST.share(Plan(layers, groups))[0])
    assert realised == pytest.approx(target_share(COST, ComputeBudget.of(budget)), abs=0.02)
    assert (len(mask.kept), len(mask.pairs)) == sizes(COST, ComputeBudget.of(budget))
    assert mask.kept[0] == 0
    assert all(mask.layers[layer] for layer, _ in mask.pairs)


def test_a_mask_goes_through_json_and_a_wrong_one_is_refused():
    mask = Mask.full(3, 2).without(1).without(2, 0)
    assert Mask.from_json(mask.as_json(), "here") == mask
    assert mask.kept == [0, 2]
    assert mask.pairs == [(0, 0), (0, 1), (2, 1)]
    for wrong in ({}, {"layers": [1], "groups": [[2]]}, {"layers": [1, 1], "groups": [[1]]}):
        with pytest.raises(ModelError, match=r"file\.json"):
            Mask.from_json(wrong, "file.json")


def test_the_budget_of_equal_compute_is_the_inverse_of_the_share():
    for budget in (0.4, 0.63, 0.9):
        assert equal_budget(COST, target_share(COST, ComputeBudget.of(budget))) == pytest.approx(budget)
    assert equal_budget(COST, 1.0) == 1.0
