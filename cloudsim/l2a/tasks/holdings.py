"""Never trained on: the largest or smallest of amounts behind words that no trained comparison has."""

from random import Random

from cloudsim.l2a.tasks.compare import WORDS, compared
from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import ITEMS


class Holdings:
    """`difficulty` comparisons between how many there are of several things."""

    name, hardest, split = "holdings", 5, "ood"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        things = random.sample(ITEMS, difficulty + 1)
        numbers = random.sample(range(1, 100), difficulty + 1)
        word, pick = random.choice(WORDS)
        steps, bests, check = compared(numbers, pick is max)
        told = " ".join(f"{thing} has {number} ." for thing, number in zip(things, numbers, strict=True))
        return Problem(self.name, difficulty, f"{told} {word} ?", steps, bests, check, bests[-1])
