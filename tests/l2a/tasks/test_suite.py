import pytest

from cloudsim.errors import ModelError
from cloudsim.l2a.tasks.families import split
from cloudsim.l2a.tasks.problem import Effort
from cloudsim.l2a.tasks.suite import IN_HEAD, Question, calibration_suite, suite
from cloudsim.l2a.tasks.vocabulary import build_tokenizer


def test_a_suite_is_drawn_from_its_split_and_held_out():
    for name in ("id", "ood"):
        drawn = suite(name, 60, 0)
        assert len({question.problem.question for question in drawn}) == 60
        assert {question.problem.family for question in drawn} == {family.name for family in split(name)}
        assert all(question.problem.held_out for question in drawn)


def test_depth_is_asked_in_the_head():
    drawn = suite("depth", 20, 0, Effort.FULL)
    assert {question.problem.family for question in drawn} == set(IN_HEAD)
    assert all(build_tokenizer().decode(question.prompt[1:2]) == "<direct>" for question in drawn)
    assert len({question.problem.difficulty for question in drawn}) > 2


def test_no_evaluation_meets_a_calibration_problem():
    seen = {question.problem.question for seed in range(3) for question in suite("id", 200, seed)}
    assert not seen & {question.problem.question for seed in range(3) for question in calibration_suite(40, seed)}


def test_the_same_seed_draws_the_same_problems():
    assert suite("id", 10, 3) == suite("id", 10, 3) != suite("id", 10, 4)


def test_the_worked_answer_is_right_and_fits_and_another_is_not():
    for question in suite("id", 30, 0):
        assert question.is_right(question.worked)
        assert len(question.worked) <= question.limit
        assert not question.is_right(question.worked[:-3])
    problem = suite("id", 1, 0)[0].problem
    wrong = build_tokenizer().encode("</think> <answer> 9999 </answer> <eos>", add_special_tokens=False)
    assert not Question.of(problem, Effort.FULL).is_right(wrong)


def test_the_hardest_problems_fit_the_base_model_and_a_simulated_answer():
    from random import Random

    from cloudsim.l2a.base import MAX_TOKENS
    from cloudsim.l2a.live.problems import ANSWER_TOKENS

    for family in [*split("id"), *split("ood")]:
        for seed in range(60):
            question = Question.of(family.draw(Random(seed), family.hardest), Effort.FULL)
            assert len(question.prompt) + len(question.worked) <= MAX_TOKENS
            assert question.limit <= ANSWER_TOKENS


def test_an_unknown_split_is_named():
    with pytest.raises(ModelError, match="'dpeth'; accepted: id, ood, depth"):
        suite("dpeth", 1, 0)
