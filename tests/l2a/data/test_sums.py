"""Sums in other people's words, told again in the words of the embedded model."""

import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.errors import ModelError
from cloudsim.l2a.data.sums import chain, retell, terms
from cloudsim.l2a.data.written import WrittenProblem
from cloudsim.l2a.tasks.families import families
from cloudsim.l2a.tasks.vocabulary import words
from tests.l2a.tasks.chains import assert_true, results, worked
from tests.l2a.tasks.solvers import SOLVERS


@cache
def vocabulary() -> frozenset[str]:
    return frozenset(words())


def asked(expression: str, answer: int | str | None = None) -> WrittenProblem:
    result = eval(expression) if answer is None else answer
    return WrittenProblem(f"State the final answer to the following arithmetic problem: {expression} =", "", str(result), "chain_sum 0")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What is 12 + 7 - 3 =", (12, 7, -3)),
        ("Calculate 5 - 3.", (5, -3)),
        ("Calculate 2 - -1.", ()),
        ("Calculate -5 + 3.", ()),
        ("Calculate ( 5 + 3 ) - 1.", ()),
        ("Calculate 5 + 3 * 2.", ()),
        ("Calculate 5.5 + 3.", ()),
        ("Calculate 5 + 3.5", ()),
        ("Mia has 5 + 3 pens and 4 cards", ()),
        ("Calculate 5.", ()),
        ("", ()),
    ],
)
def test_only_plain_sums_are_read(text, found):
    assert terms(text) == found


def test_the_chain_goes_from_left_to_right():
    assert chain((12, 7, -3, 0)) == "12 + 7 = 19\n19 - 3 = 16\n16 + 0 = 16"


@pytest.mark.parametrize("story", ["ledger", "relay"])
def test_a_sum_becomes_a_question_of_a_family(story):
    told = retell(asked("12 + 7 - 3"), story)
    assert (told.family, told.difficulty, told.answer) == (f"gym_{story}", 2, "16")
    assert SOLVERS[story](told.question).trace == ["19", "16"]
    assert [int(number) for number in re.findall(r"\d+", told.question)] == [12, 7, 3]
    assert told == retell(asked("12 + 7 - 3"), story)


@given(st.integers(1, 99), st.lists(st.integers(-40, 40), min_size=1, max_size=8), st.sampled_from(["ledger", "relay"]))
def test_what_can_be_told_is_true_and_in_the_vocabulary(opening, amounts, story):
    expression = str(opening) + "".join(f" {'+' if amount >= 0 else '-'} {abs(amount)}" for amount in amounts)
    values = [opening, *(opening + sum(amounts[: count + 1]) for count in range(len(amounts)))]
    told = retell(asked(expression), story)
    in_reach = len(amounts) <= families()[story].hardest and 0 not in amounts and all(1 <= value <= 99 for value in values)
    assert (told is not None) == in_reach
    if told:
        solved = SOLVERS[story](told.question)
        assert (solved.answer, solved.trace) == (told.answer, [str(value) for value in values[1:]])
        assert results(told, told.steps) == results(told, told.terse) == solved.trace
        assert_true(worked(told, told.steps), str(opening))
        assert all(word in vocabulary() or word.isdigit() for word in f"{told.question} {' '.join(told.steps)} {told.check}".split())


def test_names_vary():
    assert len({re.search("has ([A-Z][a-z]+) ", retell(asked(f"{number} + 1")).question).group(1) for number in range(1, 90)}) == 8
    assert len({retell(asked(f"{number} + 1"), "relay").question[-3] for number in range(1, 60)}) == 3


def test_a_wrong_answer_and_an_unknown_story_are_refused():
    with pytest.raises(ModelError, match="chain_sum 0: found the answer '17', but the sum gives 16"):
        retell(asked("12 + 4", 17))
    with pytest.raises(ModelError, match="no story 'poem'; there are ledger, relay"):
        retell(asked("12 + 4"), "poem")
