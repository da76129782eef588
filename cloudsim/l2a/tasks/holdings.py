"""Never trained on: the largest or smallest holding of several people."""

from random import Random

from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import ITEMS, NAMES


class Holdings:
    """`difficulty` comparisons between what people have."""

    name, hardest, split = "holdings", 5, "ood"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        people, item = random.sample(NAMES, difficulty + 1), random.choice(ITEMS)
        numbers = random.sample(range(1, 100), difficulty + 1)
        word, pick = random.choice((("largest", max), ("smallest", min)))
        best, steps, terse = numbers[0], [], []
        for number in numbers[1:]:
            chosen = pick(best, number)
            steps.append(f"{best} or {number} : {chosen}")
            terse.append(f"{chosen}")
            best = chosen
        told = " ".join(f"{person} has {number} {item} ." for person, number in zip(people, numbers, strict=True))
        check = f"check {numbers[-1]} or {best} : {best}"
        return Problem(self.name, difficulty, f"{told} {word} ?", tuple(steps), tuple(terse), check, str(best))
