"""The tokenizer of the procedural problems: one token a word, one a digit."""

from collections.abc import Iterable
from functools import cache
from random import Random
from typing import TYPE_CHECKING

from cloudsim.l2a.tasks.families import families
from cloudsim.l2a.tasks.problem import Effort

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SPECIAL = ("<pad>", "<bos>", "<eos>", "<think>", "</think>", "<answer>", "</answer>", *(f"<{effort}>" for effort in Effort))
DRAWS = 300


def words() -> list[str]:
    """Every word the families can write, digits first; sorted, so that the vocabulary never depends on the order of drawing."""
    found: set[str] = set()
    for family in families().values():
        for difficulty in range(1, family.hardest + 1):
            random = Random(f"vocabulary {family.name} {difficulty}")
            for _ in range(DRAWS):
                problem = family.draw(random, difficulty)
                for effort in (Effort.FULL, Effort.TERSE):
                    found.update(_split(f"{problem.question} {' '.join(problem.reasoning(effort))} {problem.answer}"))
    return sorted(found | set("0123456789"))


def _split(text: str) -> Iterable[str]:
    return (word for word in text.split() if not word.isdigit())


@cache
def build_tokenizer() -> "PreTrainedTokenizerFast":
    """The tokenizer as `transformers` has it; saved with every checkpoint of the embedded model."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Digits, Sequence, WhitespaceSplit
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: index for index, word in enumerate([*SPECIAL, *words()])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<pad>"))
    tokenizer.pre_tokenizer = Sequence([WhitespaceSplit(), Digits(individual_digits=True)])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>", unk_token="<pad>",
        additional_special_tokens=[*SPECIAL[3:]], clean_up_tokenization_spaces=False,
    )  # fmt: skip


def read_answer(text: str) -> str:
    """The answer in a decoded completion, digits joined; empty if there is none."""
    _, opened, rest = text.partition("<answer>")
    answer, closed, _ = rest.partition("</answer>")
    return "".join(answer.split()) if opened and closed else ""
