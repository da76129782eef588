"""Never trained on: the largest or smallest holding of several people."""

from random import Random

from cloudsim.l2a.tasks.compare import WORDS, compared
from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import ITEMS, NAMES


class Holdings:
    """`difficulty` comparisons between what people have."""

    name, hardest, split = "holdings", 5, "ood"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        people, item = random.sample(NAMES, difficulty + 1), random.choice(ITEMS)
        numbers = random.sample(range(1, 100), difficulty + 1)
        word, pick = random.choice(WORDS)
        steps, bests = compared(numbers, pick is max)
        told = " ".join(f"{person} has {number} {item} ." for person, number in zip(people, numbers, strict=True))
        check = f"check {numbers[-1]} or {bests[-1]} : {bests[-1]}"
        return Problem(self.name, difficulty, f"{told} {word} ?", steps, bests, check, bests[-1])
