"""Elastic models on disk."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cloudsim.errors import ModelError
from cloudsim.l2a.fingerprint import weights_sha256
from cloudsim.l2a.network import L2AForCausalLM
from cloudsim.l2a.plan import budget_rows
from cloudsim.l2a.registration import register
from cloudsim.l2a.tasks.vocabulary import build_tokenizer
from tests.l2a.network.elastic import KINDS, MODES, dense, prompts

ROOT = Path(__file__).parents[3]
IDS, PROMPT, BUDGET = torch.tensor(prompts([9, 9])), torch.tensor([4, 7]), budget_rows([0.5, 0.8])


def saved_base(folder, kind="llama", seed=0, **options):
    dense(kind, dtype=torch.float32, seed=seed, **options).save_pretrained(folder)
    return folder


def retrofitted(base, mode="nested", seed=1):
    """A model loaded from a folder and then trained, so to say."""
    from transformers import AutoModelForCausalLM

    model = L2AForCausalLM.wrap(AutoModelForCausalLM.from_pretrained(base), mode=mode, levels=4, depth_map=[(0.0, 0.1), (1.0, 1.0)])
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.3)
    return model.eval()


def outputs(model):
    with torch.no_grad():
        result = model(IDS, PROMPT, BUDGET)
    return torch.cat([each.flatten() for each in (result.logits, result.layers, result.groups, result.stop)])


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return saved_base(tmp_path_factory.mktemp("models") / "dense")


@pytest.fixture
def saved(base, tmp_path):
    """A saved model with its own copy of the base beside it."""
    import shutil

    shutil.copytree(base, tmp_path / "dense")
    model = retrofitted(tmp_path / "dense")
    sparsity = {0.6: (0.481, 0.3), 1.0: (0, 0)}
    model.save_pretrained(tmp_path / "elastic", tokenizer=build_tokenizer(), command="python -m x", sparsity=sparsity)
    return model, tmp_path / "elastic"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_comes_back_bit_for_bit(kind, mode, tmp_path):
    model = retrofitted(saved_base(tmp_path / "dense", kind), mode)
    model.save_pretrained(tmp_path / "elastic")
    read = L2AForCausalLM.from_pretrained(tmp_path / "elastic")
    assert torch.equal(outputs(read), outputs(model))
    assert {name: bool(each.requires_grad) for name, each in read.named_parameters()} == {
        name: bool(each.requires_grad) for name, each in model.named_parameters()
    }
    assert (read.config.mode, read.config.levels, read.config.depth_map) == (mode, 4, [(0.0, 0.1), (1.0, 1.0)])
    read.save_pretrained(tmp_path / "elsewhere" / "again")
    assert contents(tmp_path / "elsewhere" / "again")["model.safetensors"] == contents(tmp_path / "elastic")["model.safetensors"]
    assert torch.equal(outputs(L2AForCausalLM.from_pretrained(tmp_path / "elsewhere" / "again")), outputs(model))


def test_another_process_reads_the_same(saved):
    model, folder = saved
    script = (
        "import sys, torch; from cloudsim.l2a.registration import register; register()\n"
        "from transformers import AutoModelForCausalLM\n"
        "model = AutoModelForCausalLM.from_pretrained(sys.argv[1])\n"
        "print(model.generate(torch.arange(3, 9)[None], budget=0.6, max_new_tokens=8).tolist())"
    )
    settings = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script, folder], capture_output=True, text=True, env=settings, cwd=folder, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == model.generate(torch.arange(3, 9)[None], budget=0.6, max_new_tokens=8).tolist()


def test_only_gates_and_adapters_are_in_the_folder(saved):
    from safetensors import safe_open

    model, folder = saved
    with safe_open(folder / "model.safetensors", "pt") as file:
        names = set(file.keys())
    assert names == {name for name in model.state_dict() if "lora_" in name or not name.startswith("base.")}
    config = json.loads((folder / "config.json").read_text())
    assert config["base_path"] == "../dense"
    assert config["base_sha256"] == weights_sha256(dense("llama", dtype=torch.float32))
    assert str(folder.parent) not in json.dumps(config)
    assert {"tokenizer.json", "README.md"} <= set(contents(folder))


def test_the_card_says_what_it_is(saved):
    _, folder = saved
    card = (folder / "README.md").read_text()
    sha256 = weights_sha256(dense("llama", dtype=torch.float32))
    for text in ("Mode: `nested`", "`../dense`", sha256, "| 0.6 | 48.1 | 30.0 |", "python -m x"):
        assert text in card
    assert card.startswith("---\nlibrary_name: transformers\n")


def test_half_precision_takes_half_the_bytes_of_all_but_the_gates(saved, tmp_path):
    from safetensors.torch import load_file

    model, folder = saved
    model.save_pretrained(tmp_path / "half", dtype=torch.bfloat16)
    whole, half = (load_file(each / "model.safetensors") for each in (folder, tmp_path / "half"))
    for name, tensor in half.items():
        if name.startswith("base."):
            assert 2 * tensor.nbytes == whole[name].nbytes
        else:
            assert torch.equal(tensor, whole[name])
    read = L2AForCausalLM.from_pretrained(tmp_path / "half")
    assert read.dtype == torch.float32
    torch.testing.assert_close(outputs(read)[:200], outputs(model)[:200], atol=0.2, rtol=0)
    assert not torch.equal(outputs(read), outputs(model))


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_a_folder_that_includes_its_base_needs_nothing_else(tmp_path, tied, dtype):
    import shutil

    model = retrofitted(saved_base(tmp_path / "dense", tie_word_embeddings=tied))
    model.save_pretrained(tmp_path / "whole", merged=True, dtype=dtype)
    shutil.rmtree(tmp_path / "dense")
    read = L2AForCausalLM.from_pretrained(tmp_path / "whole")
    if dtype is None:
        assert torch.equal(outputs(read), outputs(model))
    else:
        assert torch.equal(read.gates.dial[0].weight, model.gates.dial[0].weight)
        assert torch.equal(read.base.model.norm.weight, model.base.model.norm.weight.bfloat16())
    assert (read.base.lm_head.weight is read.base.model.embed_tokens.weight) == tied


def test_a_base_that_was_never_saved_is_included(tmp_path):
    model = L2AForCausalLM.wrap(dense("qwen3", dtype=torch.float32)).eval()
    model.save_pretrained(tmp_path / "elastic")
    assert torch.equal(outputs(L2AForCausalLM.from_pretrained(tmp_path / "elastic")), outputs(model))


def test_a_base_in_memory_or_elsewhere(saved, tmp_path):
    from transformers import AutoModelForCausalLM

    model, folder = saved
    (tmp_path / "dense").rename(tmp_path / "moved")
    with pytest.raises(ModelError, match=r"its base is missing: .*dense is no folder; .*base=…"):
        L2AForCausalLM.from_pretrained(folder)
    assert torch.equal(outputs(L2AForCausalLM.from_pretrained(folder, tmp_path / "moved")), outputs(model))
    memory = AutoModelForCausalLM.from_pretrained(tmp_path / "moved")
    assert torch.equal(outputs(L2AForCausalLM.from_pretrained(folder, memory)), outputs(model))


def test_auto_classes(saved):
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoTokenizer

    model, folder = saved
    register()
    register()
    assert AutoConfig.from_pretrained(folder).mode == "nested"
    for kind in (AutoModel, AutoModelForCausalLM):
        read = kind.from_pretrained(folder)
        assert type(read) is L2AForCausalLM
        assert torch.equal(outputs(read), outputs(model))
    assert AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).dtype == torch.float64
    assert AutoTokenizer.from_pretrained(folder).get_vocab() == build_tokenizer().get_vocab()
    with pytest.raises(ModelError, match="device_map is not supported"):
        L2AForCausalLM.from_pretrained(folder, device_map="auto")


def test_a_truncated_file(saved):
    _, folder = saved
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    for size in (0, 5, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ModelError, match=f"its {size} bytes are no whole safetensors file"):
            L2AForCausalLM.from_pretrained(folder)
    path.unlink()
    with pytest.raises(ModelError, match="is missing"):
        L2AForCausalLM.from_pretrained(folder)


def test_a_truncated_base(saved):
    _, folder = saved
    path = folder.parent / "dense" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelError, match="the base model cannot be read"):
        L2AForCausalLM.from_pretrained(folder)


def test_a_base_with_other_weights(saved, tmp_path):
    _, folder = saved
    with pytest.raises(ModelError, match=r"sha256 .* were trained on"):
        L2AForCausalLM.from_pretrained(folder, saved_base(tmp_path / "other", seed=9))
    with pytest.raises(ModelError, match=r"sha256 .* were trained on"):
        L2AForCausalLM.from_pretrained(folder, dense("llama", seed=9))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"kind": "qwen3"}, "model_type is 'qwen3', not 'llama'"), ({"layers": 5}, "num_hidden_layers is 5, not 4")],
)
def test_a_base_of_another_shape(saved, tmp_path, change, message):
    _, folder = saved
    with pytest.raises(ModelError, match=message):
        L2AForCausalLM.from_pretrained(folder, saved_base(tmp_path / "other", **change))


def test_a_folder_of_another_model(base, tmp_path):
    with pytest.raises(ModelError, match=r"of type 'llama', not 'l2a'; L2AForCausalLM\.wrap"):
        L2AForCausalLM.from_pretrained(base)
    with pytest.raises(ModelError, match=r"holds no model \(it has no config.json\)"):
        L2AForCausalLM.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelError, match="is no JSON"):
        L2AForCausalLM.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "l2a"}')
    with pytest.raises(ModelError, match="does not describe the base"):
        L2AForCausalLM.from_pretrained(tmp_path)


def test_a_model_of_another_architecture_is_not_wrapped():
    from transformers import GPT2Config, GPT2LMHeadModel

    with pytest.raises(ModelError, match="type 'gpt2'; L2A wraps LlamaForCausalLM, Qwen3ForCausalLM"):
        L2AForCausalLM.wrap(GPT2LMHeadModel(GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=9)))
    with pytest.raises(ModelError, match="mode is 'both'"):
        L2AForCausalLM.wrap(dense("llama"), mode="both")
    with pytest.raises(ModelError, match="attention_bias=True"):
        L2AForCausalLM.wrap(dense("llama", attention_bias=True))


def test_foreign_missing_and_misshapen_keys_are_all_named(saved):
    from safetensors.torch import load_file, save_file

    _, folder = saved
    tensors = load_file(folder / "model.safetensors")
    tensors["gates.stranger"] = torch.zeros(1)
    del tensors["stop.mlp.2.bias"]
    tensors["stop.mlp.0.bias"] = torch.zeros(3)
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ModelError) as raised:
        L2AForCausalLM.from_pretrained(folder)
    for text in ("has no stop.mlp.2.bias", "has gates.stranger", r"stop.mlp.0.bias has the shape (3,), not (32,)"):
        assert text in str(raised.value)


def test_an_included_base_that_was_changed_is_noticed(base, tmp_path):
    from safetensors.torch import load_file, save_file

    retrofitted(base).save_pretrained(tmp_path / "whole", merged=True)
    path = tmp_path / "whole" / "model.safetensors"
    tensors = load_file(path)
    tensors["base.model.norm.weight"] += 1
    save_file(tensors, path)
    with pytest.raises(ModelError, match="sha256"):
        L2AForCausalLM.from_pretrained(tmp_path / "whole")
    with pytest.raises(ModelError, match="includes its base; leave base out"):
        L2AForCausalLM.from_pretrained(tmp_path / "whole", base)


def test_the_wrong_base_is_refused_before_anything_is_written(saved, tmp_path):
    model, folder = saved
    before = contents(folder)
    with pytest.raises(ModelError, match="sha256"):
        model.save_pretrained(folder, saved_base(tmp_path / "other", seed=9))
    assert contents(folder) == before


def test_a_name_on_the_hub_is_kept(saved, tmp_path):
    model, _ = saved
    model.save_pretrained(tmp_path / "named", "someone/some-model", merged=False)
    assert json.loads((tmp_path / "named" / "config.json").read_text())["base_path"] == "someone/some-model"
    assert "base_model: someone/some-model" in (tmp_path / "named" / "README.md").read_text()


def test_saving_again_replaces_and_a_failure_changes_nothing(saved, monkeypatch):
    model, folder = saved
    model.save_pretrained(folder)
    assert "tokenizer.json" not in contents(folder)
    before = contents(folder)
    monkeypatch.setattr("cloudsim.l2a.checkpoint_folder.model_card", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.save_pretrained(folder)
    assert contents(folder) == before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["dense", "elastic"]
