"""Tokenizers made on the spot: bytes with a chat template, and bytes without one."""

import pytest

from tests.l2a.optional import needs

CHAT = (
    "{% for message in messages %}<|turn|>{{ message.role }}\n{{ message.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
)


def byte_tokenizer(chat_template: str | None, **special: str):
    needs("transformers", "model")
    from tokenizers import Tokenizer
    from tokenizers.decoders import ByteLevel as Bytes
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import PreTrainedTokenizerFast

    vocabulary = {letter: index for index, letter in enumerate(sorted(ByteLevel.alphabet()))}
    tokenizer = Tokenizer(BPE(vocabulary, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = ByteLevel(add_prefix_space=False), Bytes()
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
    made.add_special_tokens({"additional_special_tokens": ["<|turn|>"]})
    made.chat_template = chat_template
    return made


def chat_model(folder, layers: int = 3, seed: int = 0, **options):
    """A tiny Llama that reads and writes bytes, saved in `folder` with its tokenizer; returns the model as a training loads it."""
    torch = needs("torch", "model")
    from transformers import LlamaConfig, LlamaForCausalLM

    from cloudsim.l2a.training.finished_model import load_dense

    tokenizer = byte_tokenizer(CHAT, eos_token="<|end|>")
    shape = {
        "vocab_size": 272, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": layers, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 512, "eos_token_id": tokenizer.eos_token_id, "bos_token_id": None,
        "tie_word_embeddings": True, "initializer_range": 0.2,
    }  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = LlamaForCausalLM(LlamaConfig(**shape | options))
    made.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return load_dense(str(folder))


@pytest.fixture(scope="session")
def chat_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chat") / "model"
    chat_model(folder)
    return folder


@pytest.fixture
def chat(chat_folder):
    from cloudsim.l2a.training.finished_model import load_dense

    return load_dense(str(chat_folder))


@pytest.fixture(scope="session")
def chat_tokenizer():
    return byte_tokenizer(CHAT, eos_token="<|end|>")


@pytest.fixture(scope="session")
def plain_tokenizer():
    return byte_tokenizer(None, bos_token="<s>", eos_token="</s>", pad_token="<fill>")
