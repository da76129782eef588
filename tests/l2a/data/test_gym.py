"""The adapter to reasoning-gym, run with the real package."""

import json
import os
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from hashlib import sha256

import pytest

from cloudsim.errors import ModelError
from cloudsim.l2a.data.gym import DATASETS, gym_problems, retold_sums
from tests.l2a.optional import needs
from tests.l2a.tasks.solvers import SOLVERS


@pytest.fixture(scope="module", autouse=True)
def _package():
    needs("reasoning_gym", "outside")


def test_gsm_symbolic_has_questions_chains_and_answers():
    problems = list(gym_problems("gsm_symbolic", 300, seed=1))
    assert len({problem.question for problem in problems}) > 290
    assert all(problem.reasoning and "####" not in problem.reasoning for problem in problems)
    assert all(Decimal(problem.answer).is_finite() and problem.answered_by(f"<answer>{problem.answer}</answer>") for problem in problems)
    assert {problem.difficulty for problem in problems} >= {2, 3, 4}
    assert problems[7].source == "gsm_symbolic 7"
    # The chain's last number is the answer, in nearly all templates.
    endings = sum(problem.answer in problem.reasoning.splitlines()[-1].replace(",", "") for problem in problems)
    assert endings > 0.8 * len(problems)


def test_sums_are_right_and_get_a_chain():
    for problem in gym_problems("chain_sum", 200, seed=2):
        expression = problem.question.partition(": ")[2].removesuffix(" =")
        assert str(eval(expression)) == problem.answer
        lines = problem.reasoning.splitlines()
        assert len(lines) == len(expression.split()) // 2
        assert all(eval(line.replace("=", "==")) for line in lines)
        assert lines[-1].endswith(f"= {problem.answer}")


def test_arithmetic_with_brackets_has_no_chain_of_ours():
    problems = list(gym_problems("basic_arithmetic", 200, seed=2))
    assert not any(problem.reasoning for problem in problems if "(" in problem.question or "*" in problem.question)
    assert any(problem.reasoning for problem in problems)


def test_options_reach_the_data_set():
    problems = list(gym_problems("chain_sum", 30, min_terms=7, max_terms=7, max_digits=1))
    assert {problem.difficulty for problem in problems} == {6}


def digest() -> str:
    drawn = [problem for name in DATASETS for problem in gym_problems(name, 40, seed=9)]
    return sha256(repr([*drawn, *retold_sums(20, 9)]).encode()).hexdigest()


def test_another_process_gives_the_same():
    code = "import json; from tests.l2a.data.test_gym import digest; print(json.dumps(digest()))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": "77"}
    )
    assert json.loads(found.stdout) == digest()


@pytest.mark.parametrize("name", DATASETS)
def test_a_longer_list_begins_with_the_shorter_and_seeds_share_nothing(name):
    options = {"min_digits": 4} if name == "chain_sum" else {}
    first, more, other = (
        [problem.question for problem in gym_problems(name, count, seed, **options)] for count, seed in ((40, 4), (60, 4), (60, 5))
    )
    assert more[:40] == first
    assert len(set(more) & set(other)) < 3


@pytest.mark.parametrize("story", ["ledger", "relay"])
def test_retold_sums_are_answered_by_the_solver_of_the_family(story):
    told = retold_sums(100, 1, story)
    assert len({problem.question for problem in told}) == 100
    assert Counter(problem.difficulty for problem in told) == dict.fromkeys(range(1, 6), 20)
    for problem in told:
        solved = SOLVERS[story](problem.question)
        assert (solved.answer, len(solved.trace)) == (problem.answer, problem.difficulty)
    assert {problem.family for problem in told} == {f"gym_{story}"}
    assert retold_sums(40, 1, story) == told[:40]
    assert retold_sums(40, 2, story) != told[:40]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gym_problems("gsm_symbolik", 3), "no data set 'gsm_symbolik'; did you mean gsm_symbolic"),
        (lambda: gym_problems("zzz", 3), "did you mean gsm_symbolic or chain_sum or basic_arithmetic"),
        (lambda: gym_problems("chain_sum", 0), "found count=0 and seed=0; accepted are a count from 1"),
        (lambda: gym_problems("chain_sum", 3, -1), "seed=-1; accepted are .* a seed from 0"),
        (lambda: gym_problems("chain_sum", 3, terms=4), "there is no option terms; there are min_terms, max_terms"),
        (lambda: gym_problems("chain_sum", 3, min_terms=9), "the options .*'min_terms': 9.* are not accepted: max_terms must be"),
        (lambda: retold_sums(3, story="poem"), "no story 'poem'"),
    ],
)
def test_wrong_arguments_are_refused_before_any_problem_is_made(call, message):
    with pytest.raises(ModelError, match=message):
        call()


def test_without_the_package_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    with pytest.raises(ModelError, match=r'need the package .*: pip install -c constraints.txt -e "\.\[outside\]"'):
        gym_problems("chain_sum", 1)
