"""The problems that simulated requests carry."""

from collections.abc import Sequence
from random import Random

import numpy as np

from cloudsim.l2a.tasks.families import families
from cloudsim.l2a.tasks.problem import Effort, Problem
from cloudsim.l2a.tasks.vocabulary import build_tokenizer
from cloudsim.models.suite import grades
from traces.tables import Floats, Ints

ANSWER_TOKENS = 208
"""What an engine is told an answer may take: no less than any `Question.limit`; the longest chain has 156 tokens with its answer."""


def draw_problems(names: Sequence[str], difficulty: Floats, seed: int, replication: int, first: int = 0) -> tuple[Problem, ...]:
    """One problem a request, none of them trained on: each family as likely, its difficulty the request's.

    Args:
        names: families.
        difficulty: of each request, in [0, 1]. Shape (n,).
        first: number of the first request in the run.
    """
    chosen = [families()[name] for name in names]
    drawn = []
    for index, value in enumerate(difficulty.tolist(), first):
        random = Random(f"problem {seed} {replication} {index}")
        family = random.choice(chosen)
        grade = int(grades(np.array([value]), np.array([family.hardest]))[0])
        problem = family.draw(random, grade)
        while not problem.held_out:
            problem = family.draw(random, grade)
        drawn.append(problem)
    return tuple(drawn)


def prompt_ids(prompt: str) -> tuple[int, ...]:
    """Token ids of a prompt."""
    return tuple(build_tokenizer().encode(prompt, add_special_tokens=False))


def prompt_lengths(problems: Sequence[Problem]) -> Ints:
    """Tokens of each problem's prompt, which all efforts have in common. Shape (n,)."""
    return np.array([len(prompt_ids(problem.prompt(Effort.FULL))) for problem in problems], dtype=np.int64)
