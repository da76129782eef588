"""Small programs: what is printed after assignments that read one another."""

from random import Random

from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import ORDINALS, change, signed

VARIABLES = ("a", "b", "c")


class Programs:
    """`difficulty` assignments after the opening ones, on two or three variables."""

    name, hardest, split = "programs", 5, "id"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        names = random.sample(VARIABLES, 2 if difficulty < 3 else 3)
        state = {name: random.randint(1, 20) for name in names}
        lines = [f"{mark} {name} = {value}" for mark, (name, value) in zip(ORDINALS, state.items(), strict=False)]
        steps, terse = [], []
        for mark in ORDINALS[len(names) : len(names) + difficulty]:
            target = random.choice(names)
            source = random.choice(names)
            second = random.choice([name for name in names if name != source])
            if random.random() < 0.5 and state[source] + state[second] < 100:
                lines.append(f"{mark} {target} = {source} + {second}")
                worked = f"{state[source]} + {state[second]}"
                value = state[source] + state[second]
            else:
                amount = change(random, state[source], 9)
                lines.append(f"{mark} {target} = {source} {signed(amount)}")
                worked = f"{state[source]} {signed(amount)}"
                value = state[source] + amount
            steps.append(f"{mark} {target} = {worked} = {value}")
            terse.append(f"{mark} {target} = {value}")
            state[target] = value
        asked = target
        check = f"check {' ; '.join(f'{name} = {state[name]}' for name in names)}"
        question = f"run {' ; '.join(lines)} ; print {asked} ?"
        return Problem(self.name, difficulty, question, tuple(steps), tuple(terse), check, str(state[asked]))
