"""Pointers to follow. Answered directly, each hop has to be done inside the network after the one before."""

from random import Random

from cloudsim.l2a.tasks.problem import Problem
from cloudsim.l2a.tasks.words import ORDINALS, PLACES


class Hops:
    """`difficulty` hops over a ring of six places. Without a chain, the layers a network needs grow with them."""

    name, hardest, split = "hops", 4, "id"

    def draw(self, random: Random, difficulty: int) -> Problem:
        """A problem of that difficulty."""
        places = random.sample(PLACES, 6)
        roads = list(zip(places, places[1:] + places[:1], strict=True))
        random.shuffle(roads)
        start = random.randrange(6)
        listed = " ; ".join(f"{origin} {target}" for origin, target in roads)
        path = [places[(start + hop) % 6] for hop in range(difficulty + 1)]
        steps = tuple(f"{mark} {origin} {target}" for mark, origin, target in zip(ORDINALS, path, path[1:], strict=False))
        question = f"roads {listed} ; {difficulty} hops from {path[0]} ?"
        return Problem(self.name, difficulty, question, steps, tuple(path[1:]), "", path[-1])
