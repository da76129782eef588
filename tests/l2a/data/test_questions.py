"""Short questions for a chat model."""

from cloudsim.l2a.data.questions import SUMS, short_questions
from cloudsim.l2a.tasks.problem import is_held_out


def test_the_shares_have_nothing_in_common_and_no_question_comes_twice():
    training, held_out = short_questions(0, False), short_questions(0, True)
    assert len(set(training)) == len(training) > 15_000
    assert len(set(held_out)) == len(held_out) > 2_000
    assert not set(training) & set(held_out)
    assert all(map(is_held_out, held_out))


def test_kinds_come_in_turn_and_their_order_is_that_of_the_seed():
    first = short_questions(0, False)
    assert short_questions(0, False) == first
    assert short_questions(1, False)[:50] != first[:50]
    assert sorted(short_questions(1, False)) == sorted(first)
    openings = {form.split(" {}")[0] for form in SUMS}
    sums = sum(
        any(question.startswith(opening + " ") and any(map(str.isdigit, question)) for opening in openings) for question in first[:300]
    )
    assert 80 < sums < 120


def test_questions_are_short_and_whole():
    for question in short_questions(0, True):
        assert "{" not in question
        assert question[-1] in ".?"
        assert len(question) < 90
