"""The families there are, and streams of problems drawn from them."""

from collections.abc import Iterator, Sequence
from random import Random

from cloudsim.errors import ModelError
from cloudsim.l2a.tasks.columns import Columns
from cloudsim.l2a.tasks.compare import Compare
from cloudsim.l2a.tasks.cups import Cups
from cloudsim.l2a.tasks.events import Events
from cloudsim.l2a.tasks.holdings import Holdings
from cloudsim.l2a.tasks.hops import Hops
from cloudsim.l2a.tasks.ledger import Ledger
from cloudsim.l2a.tasks.problem import Family, Problem
from cloudsim.l2a.tasks.programs import Programs
from cloudsim.l2a.tasks.rates import Rates
from cloudsim.l2a.tasks.recall import Recall
from cloudsim.l2a.tasks.relay import Relay


def families() -> dict[str, Family]:
    """Every family by its name."""
    made: tuple[Family, ...] = (
        Events(), Columns(), Compare(), Rates(), Programs(), Cups(), Hops(), Ledger(), Holdings(), Relay(), Recall(),
    )  # fmt: skip
    return {family.name: family for family in made}


def split(name: str) -> list[Family]:
    """The families of a split: `id`, those trained on; `ood`, those that are not."""
    if name not in ("id", "ood", "warmup"):
        raise ModelError(f"no split {name!r}; there are id (trained on), ood (never trained on) and warmup (trained on, not evaluated)")
    return [family for family in families().values() if family.split == name]


def held_out(chosen: Sequence[Family], count: int, seed: int) -> list[Problem]:
    """`count` different problems for evaluation, families and difficulties in equal shares."""
    random = Random(f"held out {seed}")
    drawn: dict[str, Problem] = {}
    turn = 0
    while len(drawn) < count:
        family = chosen[turn % len(chosen)]
        difficulty = 1 + (turn // len(chosen)) % family.hardest
        problem = family.draw(random, difficulty)
        turn += 1
        if problem.held_out:
            drawn.setdefault(problem.question, problem)
    return list(drawn.values())


def training(chosen: Sequence[Family], seed: str, reach: float = 1.0) -> Iterator[Problem]:
    """Problems for training without end.

    Args:
        seed: equal seeds give equal streams.
        reach: share of each family's difficulties in use, for a curriculum.
    """
    random = Random(seed)
    while True:
        family = random.choice(chosen)
        problem = family.draw(random, random.randint(1, max(1, round(reach * family.hardest))))
        if not problem.held_out:
            yield problem
