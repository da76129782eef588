"""The largest or the smallest of a row of numbers."""

from collections.abc import Sequence
from random import Random

from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import PLACES

WORDS = (("largest", max), ("smallest", min))


class Compare:
    """`difficulty` comparisons: one number more than that."""

    name, hardest, split = "compare", 6, "id"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        numbers = random.sample(range(1, 100), difficulty + 1)
        word, pick = random.choice(WORDS)
        steps, bests, check = compared(numbers, pick is max)
        if random.random() < 0.5:
            question = f"{word} of {' , '.join(map(str, numbers))} ?"
        else:
            places = random.sample(PLACES, len(numbers))
            question = f"{' '.join(f'{place} has {number} .' for place, number in zip(places, numbers, strict=True))} {word} ?"
        return Problem(self.name, difficulty, question, steps, bests, check, bests[-1])


def compared(numbers: Sequence[int], largest: bool) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """The comparisons that find the largest (or else the smallest) number one by one: as steps, as the best after each, and a check."""
    best, steps, bests = numbers[0], [], []
    for number in numbers[1:]:
        chosen = max(best, number) if largest else min(best, number)
        steps.append(f"{best} or {number} : {chosen}")
        bests.append(str(chosen))
        best = chosen
    return tuple(steps), tuple(bests), f"check {numbers[-1]} or {best} : {best}"
