"""Rates and units: products along a chain of containers or of rates and times."""

from random import Random

from cloudsim.l2a.tasks.problem import Problem

CONTAINERS = ("trucks", "crates", "boxes", "bags", "packs")
RATES = (("pump", "moves", "litres", "minute"), ("car", "goes", "miles", "hour"), ("shop", "sells", "cards", "day"))
LARGEST = 360


class Rates:
    """`difficulty` multiplications."""

    name, hardest, split = "rates", 4, "id"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        value = random.randint(2, 9)
        factors: list[int] = []
        product = value
        for left in range(difficulty, 0, -1):
            most = min(9, int((LARGEST / product) ** (1 / left)))
            factors.append(random.randint(2, max(2, most)))
            product *= factors[-1]
        steps: list[str] = []
        terse: list[str] = []
        running = value
        for factor in factors:
            steps.append(f"{running} * {factor} = {running * factor}")
            terse.append(f"* {factor} = {running * factor}" if terse else steps[-1])
            running *= factor
        question = self._rate(random, value, factors) if difficulty <= 2 and random.random() < 0.5 else self._nested(random, value, factors)
        check = f"check {running} / {factors[-1]} = {running // factors[-1]}"
        return Problem(self.name, difficulty, question, tuple(steps), tuple(terse), check, str(running))

    def _nested(self, random: Random, value: int, factors: list[int]) -> str:
        names = [*random.sample(CONTAINERS, len(factors)), random.choice(("pens", "cards", "stones", "shells"))]
        told = [f"there are {value} {names[0]} ."]
        told += [f"{factor} {inner} in each of the {outer} ." for factor, outer, inner in zip(factors, names, names[1:], strict=False)]
        return f"{' '.join(told)} how many {names[-1]} ?"

    def _rate(self, random: Random, value: int, factors: list[int]) -> str:
        thing, verb, unit, time = random.choice(RATES)
        several = "" if len(factors) == 1 else f" {factors[1]} times ."
        return f"a {thing} {verb} {value} {unit} each {time} . it runs {factors[0]} {time} .{several} how many {unit} ?"
