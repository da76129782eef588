"""Which tokens of a tokenizer have a meaning for generation."""

from typing import Any

from cloudsim.l2a.generation import Words

THOUGHT_END = ("</think>", "<answer>")
# How byte-level and sentence-piece vocabularies write a blank before a word.
BLANKS = "Ġ▁ "


def words_of(tokenizer: Any) -> Words:
    """The words of a tokenizer of `transformers`.

    `</think> <answer>` is what the stop gate writes; a tokenizer that lacks either token has nothing to force.
    """
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    end = frozenset() if tokenizer.eos_token_id is None else frozenset([int(tokenizer.eos_token_id)])
    forced = tuple(vocabulary[word] for word in THOUGHT_END) if all(word in vocabulary for word in THOUGHT_END) else ()
    return Words(end, forced, frozenset(index for word, index in vocabulary.items() if word.strip(BLANKS).isdigit()))
