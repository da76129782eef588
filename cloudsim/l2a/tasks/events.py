"""Word problems: what somebody has after a number of events, with events of other people in between."""

from random import Random

from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import GAINS, ITEMS, LOSSES, NAMES, ORDINALS, change, signed, undo


class Events:
    """`difficulty` events of the person asked for; up to two of somebody else."""

    name, hardest, split = "events", 6, "id"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        hero, other = random.sample(NAMES, 2)
        item = random.choice(ITEMS)
        held = {hero: random.randint(2, 60)}
        distractors = random.randint(0, 2)
        if distractors:
            held = dict(random.sample([*held.items(), (other, random.randint(2, 60))], 2))
        order = [hero] * difficulty + [other] * distractors
        random.shuffle(order)
        told = [f"{name} has {value} {item} ." for name, value in held.items()]
        # What each holds is said at once, so that every later value stands behind the last mention of its name.
        steps, terse, check = [f"{name} {value}" for name, value in held.items()], list[str](), ""
        for mark, name in zip(ORDINALS, order, strict=False):
            before = held[name]
            amount = change(random, before)
            held[name] += amount
            event = f"{mark} {name} {random.choice(GAINS if amount > 0 else LOSSES)} {abs(amount)}"
            told.append(f"{event} .")
            steps.append(f"{event} : {name} {before} {signed(amount)} : {name} {held[name]}")
            terse.append(f"{mark} {signed(amount)} = {held[name]}" if name == hero else f"{mark} skip")
            check = undo(before, amount) if name == hero else check
        question = f"{' '.join(told)} how many {item} has {hero} ?"
        return Problem(self.name, difficulty, question, tuple(steps), tuple(terse), check, str(held[hero]))
