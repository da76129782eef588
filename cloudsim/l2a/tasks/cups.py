"""A ball under one of three cups that are swapped. Answered directly, every swap has to be done inside the network."""

from random import Random

from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import ORDINALS

CUPS = ("red", "blue", "green")


class Cups:
    """`difficulty` swaps. Without a chain, the layers a network needs grow with them."""

    name, hardest, split = "cups", 6, "id"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        ball = start = random.choice(CUPS)
        swaps, steps, terse = [], [], []
        for mark in ORDINALS[:difficulty]:
            left, right = random.sample(CUPS, 2)
            swaps.append(f"{mark} swap {left} {right}")
            before, ball = ball, right if ball == left else left if ball == right else ball
            steps.append(f"{mark} {left} {right} : {before} {ball}")
            terse.append(f"{mark} {before} {ball}")
        return Problem(self.name, difficulty, f"ball {start} ; {' ; '.join(swaps)} ; where ?", tuple(steps), tuple(terse), "", ball)
