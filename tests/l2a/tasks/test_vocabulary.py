"""The tokenizer of the embedded model: nothing a family writes is unknown, and nothing is lost on the way back."""

import re
from hashlib import sha256
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from cloudsim.l2a.tasks import cups, programs, rates, words
from cloudsim.l2a.tasks.families import families
from cloudsim.l2a.tasks.problem import Effort
from cloudsim.l2a.tasks.vocabulary import SPECIAL, build_tokenizer, read_answer
from cloudsim.l2a.tasks.vocabulary import words as vocabulary_words
from tests.l2a.optional import needs

needs("transformers", "model")

VOCABULARY = "85f30cc78435d2749c39246e3190a9325dfda3d79c970438527562d022e7f138"


def text_of(tokens: list[int]) -> str:
    """Decoded text with digits of one number joined; no family writes two numbers side by side."""
    return re.sub(r"(?<=\d) (?=\d)", "", build_tokenizer().decode(tokens))


@st.composite
def texts(draw):
    family = families()[draw(st.sampled_from(sorted(families())))]
    problem = family.draw(Random(draw(st.integers(0, 2**32))), draw(st.integers(1, family.hardest)))
    effort = draw(st.sampled_from(list(Effort)))
    return f"{problem.prompt(effort)} {problem.completion(effort)}"


@settings(max_examples=400)
@given(texts())
def test_nothing_a_family_writes_is_unknown_and_decoding_gives_it_back(text):
    tokens = build_tokenizer().encode(text, add_special_tokens=False)
    assert build_tokenizer().unk_token_id not in tokens
    assert text_of(tokens) == text
    assert build_tokenizer().encode(build_tokenizer().decode(tokens), add_special_tokens=False) == tokens


def test_every_word_that_a_family_chooses_from_is_in_the_vocabulary():
    chosen = {
        *words.NAMES,
        *words.ITEMS,
        *words.GAINS,
        *words.LOSSES,
        *words.ORDINALS,
        *cups.CUPS,
        *words.PLACES,
        *programs.VARIABLES,
        *rates.CONTAINERS,
    }
    chosen |= {word for rate in rates.RATES for word in rate} | set("0123456789+-*/=.,:;?")
    assert chosen <= set(vocabulary_words())


def test_the_vocabulary_is_the_one_shipped_weights_were_trained_with():
    assert sha256(repr([*SPECIAL, *vocabulary_words()]).encode()).hexdigest() == VOCABULARY


def test_tokens_are_words_and_digits():
    tokenizer = build_tokenizer()
    assert tokenizer.convert_ids_to_tokens(tokenizer.encode("Mia has 407 coins .", add_special_tokens=False)) == [
        "Mia", "has", "4", "0", "7", "coins", ".",
    ]  # fmt: skip
    assert [tokenizer.convert_tokens_to_ids(name) for name in SPECIAL] == list(range(len(SPECIAL)))
    assert (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id) == (0, 1, 2)


def test_an_unknown_word_is_seen_as_padding():
    tokenizer = build_tokenizer()
    assert tokenizer.encode("Mia has 4 unicorns .", add_special_tokens=False)[3] == tokenizer.unk_token_id == tokenizer.pad_token_id


def test_the_answer_is_read_from_decoded_digits():
    assert read_answer("4 + 7 = 1 1 </think> <answer> 1 1 </answer> <eos>") == "11"
    assert read_answer("<answer> red </answer> <answer> blue </answer>") == "red"
    assert read_answer("4 + 7 = 1 1 </think> <answer> 1 1") == ""
    assert read_answer("1 1 </answer>") == ""
