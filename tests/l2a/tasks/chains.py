"""Reading chains of reasoning: is each step true, and what does it arrive at?"""

import re

from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import NAMES
from tests.l2a.tasks.solvers import unmarked

PASSED_OVER = "skip"


def worked(problem: Problem, steps: tuple[str, ...]) -> list[str]:
    """The steps that lead to the answer: without openings, and without what is somebody else's."""
    kept = [step for step in steps if not step.endswith(f" {PASSED_OVER}")]
    # Where steps have two sides, those with one only say what somebody holds at first.
    kept = [step for step in kept if " : " in step] or kept
    if steps == problem.terse or not problem.question.startswith(tuple(NAMES)):
        return kept
    hero = problem.question.split()[-2]
    return [step for step in kept if step.split()[-2] == hero or " or " in step]


def results(problem: Problem, steps: tuple[str, ...]) -> list[str]:
    """What each step that leads to the answer arrives at."""
    return [step.split()[-1] for step in worked(problem, steps)]


def arithmetic(step: str, before: str) -> list[int]:
    """Values of the sides of a step's equation; one that begins with a sign goes on from the step before."""
    named = [re.sub(r"\b(?!or )[A-Za-z]+ (?=\d)", "", side) for side in re.split(" = | : ", unmarked(step))]
    sides = [side for side in named if re.fullmatch(r"[-+*/\d ]+", side)]
    return [int(eval(f"{before} {side}" if side.startswith(("+ ", "- ", "* ")) else side)) for side in sides]


def starts_from(step: str) -> str:
    """The first value that a step in full works with."""
    body = unmarked(step) if " or " in step else unmarked(step).split(" : ", 1)[-1]
    return re.search(r"\d+", body).group()


def assert_true(steps: list[str], opening: str) -> None:
    """Every equation holds, and every comparison names one of the two."""
    before = opening
    for step in steps:
        values = arithmetic(step, before)
        assert len(set(values)) <= 1, step
        assert "=" not in step or values, step
        if " or " in step:
            pair, _, chosen = step.partition(" : ")
            assert chosen in pair.split(" or "), step
        before = step.split()[-1]
