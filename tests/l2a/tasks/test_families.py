"""Every family: answers, chains, difficulty, ranges, against solvers that read the question only."""

import json
import os
import re
import subprocess
import sys
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudsim.errors import ModelError
from cloudsim.l2a.tasks.families import families, held_out, split, training
from cloudsim.l2a.tasks.problem import Effort, Problem
from cloudsim.l2a.tasks.vocabulary import read_answer
from cloudsim.l2a.tasks.words import ORDINALS
from tests.l2a.tasks.chains import assert_true, results, starts_from, worked
from tests.l2a.tasks.solvers import SOLVERS, balance, program

# Recall asks for every pair it lists, one more than its difficulty.
MORE_STEPS = {"recall": 1}
LINKED = ("events", "ledger", "rates", "compare", "holdings", "relay")


@st.composite
def problems(draw, names=tuple(SOLVERS)):
    family = families()[draw(st.sampled_from(names))]
    return family.draw(Random(draw(st.integers(0, 2**32))), draw(st.integers(1, family.hardest)))


def fifty_of_each() -> list[Problem]:
    return [
        family.draw(random, difficulty)
        for family in families().values()
        for difficulty in range(1, family.hardest + 1)
        for random in [Random(f"{family.name} {difficulty}")]
        for _ in range(50)
    ]


def test_every_family_has_a_solver_and_a_split():
    assert set(families()) == set(SOLVERS)
    assert {name: {family.name for family in split(name)} for name in ("ood", "warmup")} == {
        "ood": {"ledger", "holdings", "relay"},
        "warmup": {"recall"},
    }
    assert {family.name for family in split("id")} == set(SOLVERS) - {"ledger", "holdings", "relay", "recall"}


@settings(max_examples=400)
@given(problems())
def test_answer_and_difficulty_follow_from_the_question_alone(problem):
    solved = SOLVERS[problem.family](problem.question)
    assert solved.answer == problem.answer
    assert len(solved.trace) == problem.difficulty + MORE_STEPS.get(problem.family, 0)


@settings(max_examples=400)
@given(problems())
def test_every_step_is_true_and_arrives_where_the_question_leads(problem):
    solved = SOLVERS[problem.family](problem.question)
    for steps in (problem.steps, problem.terse):
        assert results(problem, steps) == solved.trace
        # Pairs to look up may hold signs, and are no equations.
        assert_true(worked(problem, steps) if problem.family != "recall" else [], solved.opening)
    if problem.family == "columns":
        digits = [int(total) for total in solved.trace]
        assert problem.answer == f"{digits[-1]}{''.join(str(digit % 10) for digit in reversed(digits[:-1]))}"
    else:
        assert results(problem, problem.steps)[-1] == problem.answer


@given(problems(LINKED))
def test_every_step_begins_where_the_one_before_ended(problem):
    solved = SOLVERS[problem.family](problem.question)
    begun = [starts_from(step) for step in worked(problem, problem.steps)]
    assert begun[1:] == solved.trace[:-1]
    assert begun[0] == (solved.opening or re.search(r"\d+", problem.question).group())


@given(problems(("events", "ledger", "programs", "relay", "cups")))
def test_each_step_says_again_what_it_works_on(problem):
    _, *told = re.split(" [.;] ", problem.question.replace(" swap ", " "))
    again = [step.partition(" : ")[0] for step in problem.steps if " : " in step]
    assert told[len(told) - 1 - len(again) : -1] == again


@given(problems(("programs", "relay")))
def test_what_a_chain_says_a_variable_holds_is_so_after_that_line(problem):
    lines = problem.question.removeprefix("run ").split(" ; ")[:-1]
    for count, (line, step) in enumerate(zip(lines, problem.steps, strict=True), 1):
        name, value = step.split()[-2:]
        assert step.split()[0] == line.split()[0]
        assert program(f"run {' ; '.join(lines[:count])} ; print {name} ?").answer == value


@given(problems(("events", "ledger")))
def test_what_a_chain_says_somebody_holds_is_so_after_that_sentence(problem):
    *told, asked = problem.question.split(" . ")
    assert len(told) == len(problem.steps)
    for count, step in enumerate(problem.steps, 1):
        name, value = step.split()[-2:]
        question = f"{' . '.join(told[:count])} . {asked.rpartition(' ')[0].rpartition(' ')[0]} {name} ?"
        assert balance(question).answer == value


@given(problems(("cups",)))
def test_a_swap_says_where_the_ball_was(problem):
    before = problem.question.split()[1]
    for step in problem.steps:
        assert step.split()[-2] == before
        before = step.split()[-1]


@given(problems(("columns",)))
def test_columns_carry(problem):
    carries = [int(total) >= 10 for total in results(problem, problem.steps)]
    assert [step.count(" + ") == 2 for step in problem.steps] == [False, *carries[:-1]]


@given(problems(("events", "columns", "compare", "rates", "ledger", "holdings")))
def test_the_check_is_true(problem):
    statement = problem.check.removeprefix("check ")
    assert problem.answer in statement.split()
    assert "=" in statement or " or " in statement
    assert_true([statement], "")


@given(problems(("programs", "relay")))
def test_the_check_of_a_program_is_what_it_prints(problem):
    name, value = problem.check.removeprefix("check ").split(" is ")
    assert problem.question.endswith(f" ; print {name} ?")
    assert program(problem.question).answer == value


@given(problems())
def test_full_terse_and_direct_give_the_same_answer(problem):
    texts = {effort: problem.completion(effort) for effort in Effort}
    assert {read_answer(text) for text in texts.values()} == {problem.answer}
    assert texts[Effort.DIRECT].startswith("</think>")
    assert len(texts[Effort.TERSE]) <= len(texts[Effort.FULL])
    assert problem.prompt(Effort.TERSE) == f"<bos> <terse> {problem.question} <think>"


@given(problems())
def test_numbers_stay_within_what_a_small_model_can_read(problem):
    numbers = [int(word) for word in f"{problem.question} {' '.join(problem.steps)} {problem.check}".split() if word.isdigit()]
    most = {"columns": 199_998, "rates": 360}.get(problem.family, 99)
    assert all(0 <= number <= most for number in numbers)


def test_marks_number_the_steps():
    for problem in fifty_of_each():
        if problem.family not in ("recall", "compare", "holdings", "rates"):
            marks = [step.split()[0] for step in problem.steps if step.split()[0] in ORDINALS]
            assert marks == list(ORDINALS[: len(marks)]), problem
            assert len(marks) >= problem.difficulty


def test_questions_of_a_family_differ():
    for family in families().values():
        drawn = {family.draw(Random(seed), family.hardest).question for seed in range(100)}
        assert len(drawn) == 100, family.name


@pytest.mark.parametrize("name", ["id", "ood"])
def test_held_out_problems_are_different_and_evenly_spread(name):
    chosen = split(name)
    drawn = held_out(chosen, 350, seed=3)
    assert len({problem.question for problem in drawn}) == 350
    assert all(problem.held_out for problem in drawn)
    assert {(problem.family, problem.difficulty) for problem in drawn} == {
        (family.name, difficulty) for family in chosen for difficulty in range(1, family.hardest + 1)
    }
    assert [problem.question for problem in held_out(chosen, 350, seed=4)] != [problem.question for problem in drawn]


def test_training_never_shows_what_is_held_out():
    stream = training(split("id"), "leak")
    shown = {next(stream).question for _ in range(4000)}
    hidden = {problem.question for seed in range(3) for problem in held_out(split("id"), 400, seed)}
    assert hidden
    assert not shown & hidden


def test_an_eighth_of_the_questions_is_held_out():
    share = sum(problem.held_out for problem in fifty_of_each()) / len(fifty_of_each())
    assert 0.10 < share < 0.15


def test_the_curriculum_limits_difficulty():
    stream = training(split("id"), "easy", reach=0.34)
    hardest = {family.name: family.hardest for family in split("id")}
    assert all(problem.difficulty <= max(1, round(0.34 * hardest[problem.family])) for problem in (next(stream) for _ in range(300)))


def test_an_unknown_split_is_refused():
    with pytest.raises(ModelError, match="no split 'test'; there are id"):
        split("test")


def digest() -> str:
    stream = training(split("id"), "seed")
    drawn = [*held_out(split("id"), 60, 1), *held_out(split("ood"), 60, 1), *(next(stream) for _ in range(60))]
    return sha256(repr(drawn).encode()).hexdigest()


def test_another_process_draws_the_same():
    code = "import json; from tests.l2a.tasks.test_families import digest; print(json.dumps(digest()))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": "77"}
    )
    assert json.loads(found.stdout) == digest()
