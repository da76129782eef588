from tests.l2a.optional import needs

torch = needs("torch", "model")
needs("peft", "model")


def elastic():
    from cloudsim.l2a.base import build_base
    from cloudsim.l2a.network import L2AForCausalLM
    from cloudsim.l2a.tasks.batches import Mixture
    from cloudsim.l2a.training.teacher import Teacher

    base = build_base(layers=4, hidden=24, heads=3, groups=3, seed=0)
    with torch.no_grad():
        for layer in base.model.layers:
            torch.nn.init.normal_(layer.self_attn.o_proj.weight, std=2.0)
            torch.nn.init.normal_(layer.mlp.down_proj.weight, std=20.0)
        base.lm_head.weight.normal_(std=0.3)
    teacher = Teacher(base)
    return L2AForCausalLM.wrap(base), teacher, Mixture(problems=4).draw(0, 0)[0]


def test_the_search_takes_away_what_is_missed_least():
    from cloudsim.l2a.training.importance import layer_importance
    from cloudsim.l2a.training.objective import divergence

    model, teacher, batch = elastic()
    with torch.no_grad():
        idle = model.base.model.layers[2]
        idle.self_attn.o_proj.base_layer.weight.zero_()
        idle.mlp.down_proj.base_layer.weight.zero_()
        missed = {}
        for layer in (1, 2, 3):
            masks = torch.ones(4, 4), torch.ones(4, 4, 3)
            masks[0][:, layer] = 0
            output = model(batch.tokens, batch.prompt_tokens, torch.ones(4, 3), masks=masks)
            missed[layer] = float(divergence(output.logits, teacher.logits(batch), batch).sum())
    importance = layer_importance(model, teacher, batch)
    assert importance.argsort()[0] == min(missed, key=missed.get)
    assert sorted(importance.tolist()) == [1, 2, 3, 4]
    assert importance.argmax() == 0


def test_head_groups_count_as_much_as_the_loss_hangs_on_them():
    from cloudsim.l2a.training.importance import group_importance

    model, _, batch = elastic()
    with torch.no_grad():
        # What the second group of the third layer says is not heard.
        model.base.model.layers[2].self_attn.o_proj.base_layer.weight[:, 8:16] = 0
    importance = group_importance(model, batch)
    assert importance.shape == (4, 3)
    assert importance[2, 1] == 0
    assert (importance.flatten() > 0).sum() == 11
    assert not any(parameter.grad is not None for parameter in model.parameters())


def test_a_training_that_goes_on_does_not_search_again(tmp_path, monkeypatch):
    from cloudsim.l2a.base import build_base
    from cloudsim.l2a.tasks.batches import Mixture
    from cloudsim.l2a.training import importance
    from cloudsim.l2a.training.loop import LoopOptions, train
    from cloudsim.l2a.training.retrofit import retrofit

    def goes_on(steps):
        stage = retrofit(build_base(4, 32, 4, 2, seed=1), 4, Mixture(problems=4, rows=4))
        spent = train(stage, LoopOptions(steps, bf16=False, compiled=False), tmp_path)
        assert spent.steps == steps
        return stage.model.gates

    found = goes_on(2)
    assert sorted(found.layer_order.tolist()) == [0.125, 0.375, 0.625, 0.875]
    assert found.layer_order.tolist() != sorted(found.layer_order.tolist())

    def again(*_):
        raise AssertionError("searched again")

    monkeypatch.setattr(importance, "layer_importance", again)
    later = goes_on(4)
    assert torch.equal(later.layer_order, found.layer_order)
    assert torch.equal(later.group_order, found.group_order)
    assert any(not torch.equal(one, other) for one, other in zip(later.parameters(), found.parameters(), strict=True))
