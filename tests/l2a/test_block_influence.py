from copy import deepcopy

from tests.l2a.optional import needs

torch = needs("torch", "model")


def test_a_layer_that_changes_nothing_has_no_influence_wherever_it_is():
    from cloudsim.l2a.base import build_base
    from cloudsim.l2a.tasks.batches import Mixture
    from cloudsim.l2a.training.teacher import block_influence

    dense = build_base(layers=3, hidden=16, heads=2, groups=2, seed=0)
    batch = Mixture(problems=4).draw(0, 0)[0]
    with torch.no_grad():
        # The final norm, which comes after the last layer, changes directions too.
        dense.model.norm.weight.copy_(torch.linspace(-1, 2, 16))
        for layer in dense.model.layers:
            torch.nn.init.normal_(layer.mlp.down_proj.weight, std=100.0)
    for idle in range(3):
        changed = deepcopy(dense)
        with torch.no_grad():
            changed.model.layers[idle].self_attn.o_proj.weight.zero_()
            changed.model.layers[idle].mlp.down_proj.weight.zero_()
        influence = block_influence(changed, batch)
        assert influence[idle].abs() < 1e-5
        assert influence.topk(2).values.min() > 1e-3
