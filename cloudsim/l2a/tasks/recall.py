"""Pairs to look up again and again: teaches a small network to bind what stands together, which everything else builds on."""

from random import Random

from cloudsim.l2a.tasks.cups import CUPS
from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import GAINS, ITEMS, LOSSES, NAMES, ORDINALS, PLACES

KINDS = (NAMES, ITEMS, PLACES, ORDINALS, (*GAINS, *LOSSES))
SIGNS = ("+", "-", "=", "*")


class Recall:
    """`difficulty` + 1 pairs, asked for in another order; each is a step of the chain."""

    name, hardest, split = "recall", 7, "warmup"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        keys = random.sample(random.choice(KINDS), difficulty + 1)
        values = {key: self._value(random) for key in keys}
        listed = " ; ".join(f"{key} {value}" for key, value in values.items())
        random.shuffle(keys)
        steps = tuple(f"{key} {values[key]}" for key in keys)
        return Problem(self.name, difficulty, f"recall {listed} ; of {' '.join(keys)} ?", steps, steps, "", values[keys[-1]])

    def _value(self, random: Random) -> str:
        return str(random.randint(1, 99)) if random.random() < 0.6 else random.choice(random.choice((*KINDS, CUPS, SIGNS)))
