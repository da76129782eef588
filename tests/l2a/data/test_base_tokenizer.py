"""The tokenizer that belongs to a base model."""

import pytest

from cloudsim.errors import ModelError
from cloudsim.l2a.data.base_tokenizer import base_tokenizer
from tests.l2a.data.conftest import byte_tokenizer, chat_model
from tests.l2a.optional import needs

torch = needs("torch", "model")


def test_it_lies_beside_the_weights_also_when_the_model_has_become_elastic(chat):
    from cloudsim.l2a.network import L2AForCausalLM

    text = "Grüße, <|end|>"
    wanted = byte_tokenizer(None, eos_token="<|end|>").encode(text)
    assert base_tokenizer(chat).encode(text, add_special_tokens=False) == wanted
    assert base_tokenizer(L2AForCausalLM.wrap(chat)).encode(text, add_special_tokens=False) == wanted


def test_a_model_made_for_the_procedural_problems_has_theirs():
    from cloudsim.l2a.base import build_base
    from cloudsim.l2a.tasks.vocabulary import build_tokenizer

    assert base_tokenizer(build_base(2, 32, 4, 2)) is build_tokenizer()


def test_of_a_model_from_nowhere_it_is_not_known():
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=1000, **shape))
    with pytest.raises(ModelError, match=r"has 1,000 tokens and was not read from a folder.*load_dense"):
        base_tokenizer(model)


def test_a_folder_without_one_is_named(tmp_path):
    model = chat_model(tmp_path / "model")
    for file in (tmp_path / "model").glob("tokenizer*"):
        file.unlink()
    with pytest.raises(ModelError, match=r"model: holds no tokenizer \(tokenizer.json.*\); save the tokenizer of the model there"):
        base_tokenizer(model)


def test_one_that_is_broken_or_of_another_model_is_named(tmp_path):
    small = chat_model(tmp_path / "small", vocab_size=200)
    with pytest.raises(ModelError, match=r"small: the tokenizer has 2\d\d tokens, the model 200"):
        base_tokenizer(small)
    broken = chat_model(tmp_path / "broken")
    (tmp_path / "broken" / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="broken: its tokenizer cannot be read"):
        base_tokenizer(broken)
