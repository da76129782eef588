"""The largest or the smallest of a row of numbers."""

from random import Random

from cloudsim.l2a.tasks.problem import Problem


class Compare:
    """`difficulty` comparisons: one number more than that."""

    name, hardest, split = "compare", 6, "id"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        numbers = random.sample(range(1, 100), difficulty + 1)
        word, pick = random.choice((("largest", max), ("smallest", min)))
        best, steps, terse = numbers[0], [], []
        for number in numbers[1:]:
            chosen = pick(best, number)
            steps.append(f"{best} or {number} : {chosen}")
            terse.append(f"{chosen}")
            best = chosen
        listed = " , ".join(str(number) for number in numbers)
        check = f"check {numbers[-1]} or {best} : {best}"
        return Problem(self.name, difficulty, f"{word} of {listed} ?", tuple(steps), tuple(terse), check, str(best))
