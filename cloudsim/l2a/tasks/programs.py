"""Small programs: what is printed after assignments that read one another."""

from random import Random

from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import ORDINALS, change, signed

VARIABLES = ("a", "b", "c")


class Programs:
    """`difficulty` assignments after the opening ones, on up to three variables."""

    name, hardest, split = "programs", 5, "id"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        names = random.sample(VARIABLES, random.randint(1, 2) if difficulty < 3 else 3)
        state = {name: random.randint(1, 20) for name in names}
        opening = list(zip(ORDINALS[: len(names)], state.items(), strict=True))
        lines = [f"{mark} {name} = {value}" for mark, (name, value) in opening]
        # What every variable holds is said at once, so that each later value stands behind the last mention of its name.
        steps, terse = [f"{mark} {name} {value}" for mark, (name, value) in opening], []
        for mark in ORDINALS[len(names) : len(names) + difficulty]:
            target = random.choice(names)
            source = random.choice(names)
            second = random.choice([name for name in names if name != source] or names)
            if second != source and random.random() < 0.5 and state[source] + state[second] < 100:
                line = f"{mark} {target} = {source} + {second}"
                worked = f"{source} {state[source]} + {second} {state[second]}"
                value = state[source] + state[second]
            else:
                amount = change(random, state[source], 9)
                line = f"{mark} {target} = {source} {signed(amount)}"
                worked = f"{source} {state[source]} {signed(amount)}"
                value = state[source] + amount
            lines.append(line)
            steps.append(f"{line} : {worked} : {target} {value}")
            terse.append(f"{mark} {worked} : {target} {value}")
            state[target] = value
        asked = target
        check = f"check {asked} is {state[asked]}"
        question = f"run {' ; '.join(lines)} ; print {asked} ?"
        return Problem(self.name, difficulty, question, tuple(steps), tuple(terse), check, str(state[asked]))
