"""Solvers that know a problem's text only."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from cloudsim.l2a.tasks.words import ORDINALS

GAINS, LOSSES = {"finds", "gets", "buys", "wins", "+"}, {"loses", "sells", "drops", "eats", "-"}


@dataclass(frozen=True)
class Solved:
    """The answer, what each step arrives at, and what the first step begins from where it is a value of the question."""

    answer: str
    trace: list[str]
    opening: str = ""


def unmarked(text: str) -> str:
    """A sentence or step without the number in front of it."""
    first, _, rest = text.partition(" ")
    return rest if first in ORDINALS and rest else text


def balance(question: str) -> Solved:
    story, asked = re.fullmatch(r"(.*) how many \w+ has (\w+) \?", question).groups()
    values: list[int] = []
    for sentence in map(unmarked, story.removesuffix(" .").split(" . ")):
        who, verb, number, *_ = sentence.split()
        if who != asked:
            continue
        if verb == "has":
            assert not values
            values.append(int(number))
        else:
            assert (verb in GAINS) != (verb in LOSSES)
            values.append(values[-1] + (int(number) if verb in GAINS else -int(number)))
            assert values[-1] > 0
    return Solved(str(values[-1]), [str(value) for value in values[1:]], str(values[0]))


def addition(question: str) -> Solved:
    left, right = re.fullmatch(r"add (\d+) and (\d+) \?", question).groups()
    assert len(left) == len(right)
    totals = []
    for place in range(1, len(left) + 1):
        below = int(left[-place + 1 :]) + int(right[-place + 1 :]) if place > 1 else 0
        totals.append(str(int(left[-place]) + int(right[-place]) + (below >= 10 ** (place - 1))))
    return Solved(str(int(left) + int(right)), totals)


def extreme(question: str) -> Solved:
    numbers = list(map(int, re.findall(r"\d+", question)))
    assert len(set(numbers)) == len(numbers)
    assert ("largest" in question) != ("smallest" in question)
    pick = max if "largest" in question else min
    return Solved(str(pick(numbers)), [str(pick(numbers[:count])) for count in range(2, len(numbers) + 1)], str(numbers[0]))


def product(question: str) -> Solved:
    if question.startswith("a "):
        found = re.fullmatch(r"a \w+ \w+ (\d+) (\w+) each (\w+) \. it runs (\d+) (\w+) \.(?: (\d+) times \.)? how many (\w+) \?", question)
        rate, unit, time, runs, ran, times, asked = found.groups()
        assert (unit, time) == (asked, ran)
        once = int(rate) * int(runs)
        return Solved(str(once * int(times or 1)), [str(once)] + ([str(once * int(times))] if times else []), rate)
    first, *sentences, last = question.split(" . ")
    number, name = re.fullmatch(r"there are (\d+) (\w+)", first).groups()
    counts = {name: int(number)}
    for sentence in sentences:
        each, inner, outer = re.fullmatch(r"(\d+) (\w+) in each of the (\w+)", sentence).groups()
        assert inner not in counts
        counts[inner] = int(each) * counts[outer]
    asked = re.fullmatch(r"how many (\w+) \?", last)[1]
    return Solved(str(counts[asked]), [str(count) for count in counts.values()][1:], number)


def program(question: str) -> Solved:
    listing, asked = re.fullmatch(r"run (.*) ; print (\w) \?", question).groups()
    state: dict[str, int] = {}
    trace = []
    for line in map(unmarked, listing.split(" ; ")):
        target, _, *value = line.split()
        state[target] = eval(" ".join(value), {}, dict(state))
        if len(value) > 1:
            trace.append(str(state[target]))
    return Solved(str(state[asked]), trace)


def ball(question: str) -> Solved:
    opening, *swaps, _ = question.split(" ; ")
    where = [opening.split()[1]]
    for swap in map(unmarked, swaps):
        _, one, other = swap.split()
        assert one != other
        where.append({one: other, other: one}.get(where[-1], where[-1]))
    return Solved(where[-1], where[1:], where[0])


def road(question: str) -> Solved:
    listed, hops, at = re.fullmatch(r"roads (.*) ; (\d+) hops from (\w) \?", question).groups()
    following = dict(pair.split() for pair in listed.split(" ; "))
    path = [at]
    for _ in range(int(hops)):
        path.append(following[path[-1]])
    return Solved(path[-1], path[1:], at)


def look_up(question: str) -> Solved:
    listed, asked = re.fullmatch(r"recall (.*) ; of (.*) \?", question).groups()
    pairs = [pair.split() for pair in listed.split(" ; ")]
    values = dict(pairs)
    assert len(values) == len(pairs)
    found = [values[key] for key in asked.split()]
    return Solved(found[-1], found)


SOLVERS: dict[str, Callable[[str], Solved]] = {
    "events": balance, "columns": addition, "compare": extreme, "rates": product, "programs": program, "cups": ball, "hops": road,
    "ledger": balance, "holdings": extreme, "relay": program, "recall": look_up,
}  # fmt: skip
