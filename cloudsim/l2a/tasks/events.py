"""Word problems: what somebody has after a number of events, with events of other people in between."""

from random import Random

from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import GAINS, ITEMS, LOSSES, NAMES, ORDINALS, change, signed, undo


class Events:
    """`difficulty` events of the person asked for; up to three distractors."""

    name, hardest, split = "events", 6, "id"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        hero, other = random.sample(NAMES, 2)
        item = random.choice(ITEMS)
        value, others = random.randint(2, 60), random.randint(2, 60)
        distractors = random.randint(0, 3)
        opening = [f"{hero} has {value} {item} ."]
        if distractors:
            opening.insert(random.randint(0, 1), f"{other} has {others} {item} .")
        order = [True] * difficulty + [False] * distractors
        random.shuffle(order)
        told, steps, check = list(opening), [], ""
        terse: list[str] = []
        for mark, relevant in zip(ORDINALS, order, strict=False):
            amount = change(random, value if relevant else others)
            verb = random.choice(GAINS if amount > 0 else LOSSES)
            told.append(f"{mark} {hero if relevant else other} {verb} {abs(amount)} .")
            if not relevant:
                others += amount
                steps.append(f"{mark} skip")
                continue
            steps.append(f"{mark} {value} {signed(amount)} = {value + amount}")
            terse.append(f"{mark} {signed(amount)} = {value + amount}")
            check = undo(value, amount)
            value += amount
        question = f"{' '.join(told)} how many {item} has {hero} ?"
        return Problem(self.name, difficulty, question, tuple(steps), tuple(terse), check, str(value))
