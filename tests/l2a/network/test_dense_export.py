"""Plain checkpoints of `transformers`."""

import pytest
import torch

from cloudsim.errors import ModelError
from cloudsim.l2a.dense_export import dense_model, export_dense
from cloudsim.l2a.plan import StaticPlanner, budget_rows
from tests.l2a.network.elastic import KINDS, dense, elastic, prompts

ROWS = prompts([8, 8])
MASKS = {
    "whole": (torch.ones(4), torch.ones(4, 2)),
    "shallow": (torch.tensor([1.0, 0, 0, 1]), torch.ones(4, 2)),
    "narrow": (torch.tensor([1.0, 0, 1, 1]), torch.tensor([[1.0, 1], [1, 1], [0, 1], [0, 0]])),
}


@pytest.mark.parametrize("masks", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_checkpoint_computes_what_the_static_plan_does(kind, masks, tmp_path):
    from transformers import AutoModelForCausalLM, LlamaForCausalLM, Qwen3ForCausalLM

    model = elastic(kind, "nested", dtype=torch.float32)
    export_dense(model, tmp_path / "plain", *masks)
    read = AutoModelForCausalLM.from_pretrained(tmp_path / "plain")
    assert type(read) is {"llama": LlamaForCausalLM, "qwen3": Qwen3ForCausalLM}[kind]
    assert len(read.model.layers) == int(masks[0].sum())
    with torch.no_grad():
        plain = read(input_ids=torch.tensor(ROWS)).logits
        masked = model(
            torch.tensor(ROWS), torch.tensor([8, 8]), budget_rows([1.0, 1.0]), masks=(masks[0].expand(2, -1), masks[1].expand(2, -1, -1))
        )
    skipped = model.decoder().prefill(ROWS, budget_rows([1.0, 1.0]), StaticPlanner(*masks)).logits
    torch.testing.assert_close(plain, masked.logits, atol=1e-5, rtol=0)
    torch.testing.assert_close(plain[:, -1], skipped, atol=1e-5, rtol=0)


def test_fewer_layers_make_a_smaller_file(tmp_path):
    model = elastic("llama", "nested", dtype=torch.float32)
    for name in ("whole", "shallow"):
        export_dense(model, tmp_path / name, *MASKS[name])
    whole, shallow = ((tmp_path / name / "model.safetensors").stat().st_size for name in ("whole", "shallow"))
    assert shallow < 0.7 * whole


def test_a_dense_model_loses_layers_too_and_stays_as_it_was():
    model = dense("qwen3")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    small = dense_model(model, torch.tensor([1.0, 1, 0, 1]))
    assert small.config.num_hidden_layers == len(small.config.layer_types) == 3
    assert torch.equal(small.model.layers[2].mlp.up_proj.weight, model.model.layers[3].mlp.up_proj.weight)
    assert model.config.num_hidden_layers == 4
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("masks", [(torch.zeros(4), None), (torch.ones(5), None), (None, torch.ones(4, 3))])
def test_masks_that_do_not_fit(masks):
    with pytest.raises(ModelError, match=r"the model needs \(4,\) with 1 or more kept, and \(4, 2\)"):
        dense_model(dense("llama"), *masks)
