"""Never trained on: programs of one variable, longer than those trained on."""

from collections.abc import Sequence
from random import Random

from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import ORDINALS, change, signed


class Relay:
    """`difficulty` assignments of one variable to itself."""

    name, hardest, split = "relay", 7, "ood"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        name, opening = random.choice("abc"), random.randint(1, 60)
        amounts, value = [], opening
        for _ in range(difficulty):
            amounts.append(change(random, value, 9))
            value += amounts[-1]
        return self.tell(name, opening, amounts)

    def tell(self, name: str, opening: int, amounts: Sequence[int]) -> Problem:
        """The problem that assigns `opening` to the variable and then adds these amounts, none of them 0."""
        lines, steps, terse = [f"{ORDINALS[0]} {name} = {opening}"], [f"{ORDINALS[0]} {name} {opening}"], []
        value = opening
        for mark, amount in zip(ORDINALS[1:], amounts, strict=False):
            line = f"{mark} {name} = {name} {signed(amount)}"
            lines.append(line)
            steps.append(f"{line} : {name} {value} {signed(amount)} : {name} {value + amount}")
            terse.append(f"{mark} {name} {value} {signed(amount)} : {name} {value + amount}")
            value += amount
        question = f"run {' ; '.join(lines)} ; print {name} ?"
        return Problem(self.name, len(amounts), question, tuple(steps), tuple(terse), f"check {name} is {value}", str(value))
