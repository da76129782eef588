import pytest

from tests.l2a.optional import needs

torch = needs("torch", "model")


@pytest.fixture
def dense():
    from cloudsim.l2a.base import build_base

    return build_base(layers=4, hidden=24, heads=3, groups=3, seed=0)


def stage(model, **options):
    from cloudsim.l2a.tasks.batches import Mixture
    from cloudsim.l2a.training.layer_drop import LayerDrop

    return LayerDrop(model, 10, Mixture(problems=8, rows=8), **options)


def test_where_nothing_is_dropped_it_is_plain_training(dense):
    from cloudsim.l2a.training.pretraining import Pretraining

    made = stage(dense, full=1.0)
    batches = made.batches(0, 0)
    loss, figures = made.loss(dense, batches, 0, 0, 0)
    wanted, _ = Pretraining(dense, 10).loss(dense, batches, 0, 0, 0)
    torch.testing.assert_close(loss, wanted)
    assert figures["loss_whole"] == pytest.approx(float(loss.detach()))


def test_dropped_rows_cost_more_than_whole_ones_and_every_weight_learns(dense):
    from cloudsim.l2a.training.optimizers import muon_and_adamw
    from cloudsim.l2a.training.pretraining import Pretraining

    # Layers of a fresh base write nothing at first: teach them something.
    teaching = Pretraining(dense, 60, stage(dense).mixture)
    dense.requires_grad_(True)
    optimizers = muon_and_adamw(dense.named_parameters(), 0.02, 3e-3)
    for step in range(60):
        teaching.loss(dense, teaching.batches(0, 0), 0, step, 0)[0].backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    made = stage(dense, low=0.3, full=0.5)
    assert sum(len(group["params"]) for each in made.optimizers() for group in each.param_groups) == len(list(dense.parameters()))
    loss, figures = made.loss(dense, made.batches(0, 0), 0, 0, 0)
    assert float(loss.detach()) > figures["loss_whole"] > 0
    loss.backward()
    assert all(parameter.grad is not None for parameter in dense.parameters())
    again, _ = made.loss(dense, made.batches(0, 0), 0, 0, 0)
    other, _ = made.loss(dense, made.batches(0, 0), 0, 1, 0)
    assert torch.equal(again, loss)
    assert not torch.equal(other, loss)


def test_what_it_leaves_is_a_dense_model(dense, tmp_path):
    from transformers import AutoModelForCausalLM

    names = set(dense.state_dict())
    made = stage(dense)
    assert made.model is dense
    dense.save_pretrained(tmp_path)
    assert set(AutoModelForCausalLM.from_pretrained(tmp_path).state_dict()) == names
