"""Never trained on: a row of bookings, told in the words of two trained families."""

from collections.abc import Sequence
from random import Random

from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import ITEMS, NAMES, ORDINALS, change, signed, undo


class Ledger:
    """`difficulty` bookings on what a person has, written as sums instead of verbs."""

    name, hardest, split = "ledger", 5, "ood"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        hero, item, opening = random.choice(NAMES), random.choice(ITEMS), random.randint(2, 60)
        amounts, value = [], opening
        for _ in range(difficulty):
            amounts.append(change(random, value))
            value += amounts[-1]
        return self.tell(hero, item, opening, amounts)

    def tell(self, hero: str, item: str, opening: int, amounts: Sequence[int]) -> Problem:
        """The problem that begins with `opening` items and books these amounts, none of them 0."""
        told, steps, check = [f"{hero} has {opening} {item} ."], [f"{hero} {opening}"], ""
        terse: list[str] = []
        value = opening
        for mark, amount in zip(ORDINALS, amounts, strict=False):
            told.append(f"{mark} {hero} {signed(amount)} .")
            steps.append(f"{mark} {hero} {signed(amount)} : {hero} {value} {signed(amount)} : {hero} {value + amount}")
            terse.append(f"{mark} {signed(amount)} = {value + amount}")
            check = undo(value, amount)
            value += amount
        question = f"{' '.join(told)} how many {item} has {hero} ?"
        return Problem(self.name, len(amounts), question, tuple(steps), tuple(terse), check, str(value))
