"""Addition of two numbers of several digits, column by column."""

from random import Random

from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import ORDINALS


class Columns:
    """`difficulty` columns."""

    name, hardest, split = "columns", 5, "id"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        low, high = (1, 9) if difficulty == 1 else (10 ** (difficulty - 1), 10**difficulty - 1)
        left, right = random.randint(low, high), random.randint(low, high)
        steps, terse, carry = [], [], 0
        for mark, a, b in zip(ORDINALS, reversed(str(left)), reversed(str(right)), strict=False):
            total = int(a) + int(b) + carry
            steps.append(f"{mark} {a} + {b}{' + 1' if carry else ''} = {total}")
            terse.append(f"{mark} {total}")
            carry = total // 10
        result = left + right
        check = f"check {result} - {right} = {left}"
        return Problem(self.name, difficulty, f"add {left} and {right} ?", tuple(steps), tuple(terse), check, str(result))
