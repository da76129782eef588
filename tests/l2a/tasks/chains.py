"""Reading chains of reasoning: is each step true, and what does it arrive at?"""

import re

from tests.l2a.tasks.solvers import unmarked

PASSED_OVER = "skip"


def results(steps: tuple[str, ...]) -> list[str]:
    """What each step arrives at, without those that pass over something."""
    return [step.split()[-1] for step in steps if unmarked(step) != PASSED_OVER]


def arithmetic(step: str, before: str) -> list[int]:
    """Values of the sides of a step's equation; one that begins with a sign goes on from the step before."""
    sides = [side for side in unmarked(step).split(" = ") if re.fullmatch(r"[-+*/\d ]+", side)]
    return [int(eval(f"{before} {side}" if side.startswith(("+ ", "- ", "* ")) else side)) for side in sides]


def starts_from(step: str) -> str:
    """The first value that a step in full works with."""
    body = unmarked(step)
    return re.search(r"\d+", body).group() if re.search(r"\d", body) else body.split()[0]


def assert_true(steps: tuple[str, ...], opening: str) -> None:
    """Every equation holds, and every comparison names one of the two."""
    before = opening
    for step in steps:
        if unmarked(step) == PASSED_OVER:
            continue
        values = arithmetic(step, before)
        assert len(set(values)) <= 1, step
        assert "=" not in step or values, step
        if " or " in step:
            pair, _, chosen = step.partition(" : ")
            assert chosen in pair.split(" or "), step
        before = step.split()[-1]
