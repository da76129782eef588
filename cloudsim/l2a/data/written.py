"""A problem with a solution in plain text: one row of a user's file, or one item of another package."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from re import compile as pattern

from cloudsim.l2a.tasks.problem import is_held_out

MARKERS = ("<think>", "</think>", "<answer>", "</answer>")
THOUSANDS = pattern(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class WrittenProblem:
    """One problem with its solution.

    Args:
        question: what is asked.
        reasoning: the chain that leads to the answer, a step a line; empty where there is none.
        answer: what is asked for and nothing else; numbers without commas.
        source: where it stands, for messages: `file:line`, or a generator and its index.
    """

    question: str
    reasoning: str
    answer: str
    source: str

    @property
    def difficulty(self) -> int:
        """Lines of the chain; 1 where there is none."""
        return max(1, sum(1 for line in self.reasoning.splitlines() if line.strip()))

    @property
    def held_out(self) -> bool:
        """Whether the problem belongs to evaluation, by the same rule as for the procedural ones."""
        return is_held_out(self.question)

    @property
    def completion(self) -> str:
        """What a model should write, from the opening of its thoughts on."""
        return f"<think>{self.reasoning}</think><answer>{self.answer}</answer>"

    def answered_by(self, text: str) -> bool:
        """Whether the first answer in a model's text is right: equal as a number, or as words but for their case and blanks."""
        _, opened, rest = text.partition("<answer>")
        given, closed, _ = rest.partition("</answer>")
        return bool(opened and closed) and _value(given) == _value(self.answer)


def plain(answer: str) -> str:
    """An answer without blanks around it, and a number without the commas of its thousands."""
    stripped = answer.strip()
    return stripped.replace(",", "") if THOUSANDS.fullmatch(stripped) else stripped


def _value(answer: str) -> Decimal | str:
    text = plain(answer.strip().removeprefix("$").removesuffix("."))
    # Tokenizers that know digits only write "4 2" for 42.
    joined = "".join(text.split())
    try:
        number = Decimal(joined)
    except InvalidOperation:
        return " ".join(text.casefold().split())
    return number if number.is_finite() else joined.casefold()
