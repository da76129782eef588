"""Sums in other people's words, told again in the words of the embedded model: a further test from outside."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from re import compile as pattern

from cloudsim.errors import ModelError
from cloudsim.l2a.data.written import WrittenProblem
from cloudsim.l2a.tasks.ledger import Ledger
from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.programs import VARIABLES
from cloudsim.l2a.tasks.relay import Relay
from cloudsim.l2a.tasks.words import ITEMS, NAMES

SUM = pattern(r"\d+(?: [+-] \d+)+")
OTHER_ARITHMETIC = pattern(r"[\d()*/+-]")
LEAST, MOST = 1, 99
STORIES = ("ledger", "relay")


def terms(text: str) -> tuple[int, ...]:
    """The signed terms of the only sum in a text; none if there is other arithmetic in it: brackets, products, fractions, signs."""
    found = SUM.search(text)
    if not found or OTHER_ARITHMETIC.search(text[: found.start()] + text[found.end() :]):
        return ()
    return tuple(int(term) for term in found.group().replace("+ ", "+").replace("- ", "-").split())


def chain(sum_terms: Sequence[int]) -> str:
    """A sum worked from left to right, one line a step."""
    lines, value = [], sum_terms[0]
    for term in sum_terms[1:]:
        lines.append(f"{value} {'+' if term >= 0 else '-'} {abs(term)} = {value + term}")
        value += term
    return "\n".join(lines)


def retell(problem: WrittenProblem, story: str = "ledger") -> Problem | None:
    """A sum as a question of the embedded model.

    Args:
        problem: any; its question is searched for a sum.
        story: `ledger`, what somebody has after bookings, or `relay`, a program of one variable. Neither is ever trained on, and the
            amounts are larger than those that these families draw.

    Returns:
        A problem of the family `gym_<story>`; None where the embedded model has no words for it: it is no plain sum, a term is 0, or a
        value on the way leaves 1–99.

    Raises:
        ModelError: no such story, or the sum does not give the problem's answer.
    """
    if story not in STORIES:
        raise ModelError(f"no story {story!r}; there are {', '.join(STORIES)}")
    family = Ledger() if story == "ledger" else Relay()
    found = terms(problem.question)
    values = [sum(found[: count + 1]) for count in range(len(found))]
    if not found or len(found) - 1 > family.hardest or 0 in found or min(values) < LEAST or max(values) > MOST:
        return None
    # Names come from the text, so that a question is told alike wherever it turns up.
    random = Random(problem.question)
    if isinstance(family, Ledger):
        told = family.tell(random.choice(NAMES), random.choice(ITEMS), found[0], found[1:])
    else:
        told = family.tell(random.choice(VARIABLES), found[0], found[1:])
    if told.answer != problem.answer:
        raise ModelError(f"{problem.source}: found the answer {problem.answer!r}, but the sum gives {told.answer}; correct the row")
    return replace(told, family=f"gym_{story}")
