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


@pytest.fixture(scope="session")
def chat_tokenizer():
    return byte_tokenizer(CHAT, eos_token="<|end|>")


@pytest.fixture(scope="session")
def plain_tokenizer():
    return byte_tokenizer(None, bos_token="<s>", eos_token="</s>", pad_token="<fill>")
