"""The conformance suite: what holds for every policy, of whatever kind."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from cloudsim.components import create
from cloudsim.config import Component
from cloudsim.contracts import Foresight, Served
from cloudsim.decision_log import described
from cloudsim.errors import ConfigError
from cloudsim.observation import Seen, observed, revealed
from cloudsim.testing.kinds import KINDS, Question
from cloudsim.testing.states import POOLS, Shown, Standing, State, shown, states
from traces.tables import ZoneSeries

Make = Callable[[], Any]
"""Makes a new policy object."""

Check = Callable[[str, Make, int], list[str]]
"""Of kind, policy and number of pools: what it does wrong, one line each."""

ORACLES: Mapping[str, str] = {
    "request.full_output_tokens": "length", "request.reasoning_tokens": "length", "fleet.would_be_right": "answer",
}  # fmt: skip
"""What only policies may look at that declare to be oracles."""

HORIZON_S = 3600.0

ROUNDS = 200


def keeps_to_its_range(kind: str, make: Make, pools: int) -> list[str]:
    """In every state, extreme ones included, it answers, and with what its contract accepts."""
    policy, problems = prepared(make), []
    missing = [one.method for one in KINDS[kind] if one.needed and not callable(getattr(policy, one.method, None))]
    if missing:
        return [f"has no method {', '.join(missing)}"]
    for state in states(pools):
        seen = shown(state)
        for question in _questions(kind, policy, seen):
            try:
                said = _ask(policy, question, question.arguments(seen))
                if not question.within(said, seen):
                    problems.append(f"{state.name}: {question.method} gave {said!r}; accepted: {question.accepted}")
            except Exception as error:
                problems.append(f"{state.name}: {question.method} failed: {type(error).__name__}: {error}")
        _tell(policy, seen)
    return problems


def is_deterministic(kind: str, make: Make, pools: int) -> list[str]:
    """Two objects that are asked the same in the same order answer the same."""
    first, second = (_answers(kind, prepared(make), pools) for _ in range(2))
    return [
        f"{name}: answered {one}, and a second object {other}; draw random numbers from a seed and read no clock"
        for (name, one), (_, other) in zip(first, second, strict=True)
        if one != other
    ]


def only_reads(kind: str, make: Make, pools: int) -> list[str]:
    """It changes nothing of what it sees."""
    policy, problems = prepared(make), []
    for state in states(pools):
        seen = shown(state)
        before = seen.snapshot()
        for question in _questions(kind, policy, seen):
            _ask(policy, question, question.arguments(seen))
        if seen.snapshot() != before:
            problems.append(f"{state.name}: changed what it may only read")
    return problems


def observes_what_it_declares(kind: str, make: Make, pools: int) -> list[str]:
    """It looks at nothing that its `observes` does not list; and at what nobody can know only if `oracle` says so."""
    policy = prepared(make)
    names = looked_at(kind, policy, pools)
    problems = [
        f"looks at {name}, which is an oracle; declare oracle = ({ORACLES[name]!r},), and it counts as a bound"
        for name in names
        if name in ORACLES and ORACLES[name] not in getattr(policy, "oracle", ())
    ]
    declared = getattr(policy, "observes", None)
    if declared is not None:
        problems += [f"looks at {name}, which observes does not list" for name in names if name not in declared]
    return problems


def is_monotone_where_it_says(kind: str, make: Make, pools: int) -> list[str]:
    """Its answer does not rise (-1) or fall (+1) where one attribute rises, for each that `monotone` lists."""
    claims: Mapping[str, int] = getattr(prepared(make), "monotone", {})
    question = next(one for one in KINDS[kind] if one.needed)
    problems = []
    for name, sign in claims.items():
        owner, _, attribute = name.partition(".")
        for state in states(pools):
            policy = prepared(make)
            answers = [float(_ask(policy, question, question.arguments(shown(one)))) for one in _rising(state, owner, attribute)]
            if any((after - before) * sign < -1e-12 for before, after in pairwise(answers)):
                problems.append(f"{state.name}: where {name} rises it answers {', '.join(f'{one:g}' for one in answers)}")
    return problems


CHECKS: tuple[Check, ...] = (
    keeps_to_its_range, is_deterministic, only_reads, observes_what_it_declares, is_monotone_where_it_says
)  # fmt: skip


def check(kind: str, make: Make, pools: int = 1) -> list[str]:
    """What a policy does wrong by the first check it does not pass, one line each; nothing if it conforms.

    Args:
        kind: such as "budget".
        make: makes a new object of it.
        pools: of the fleets it is shown, from 1 to 3, for policies that are made for several.
    """
    for one in CHECKS:
        # One that fails in a state would fail in the checks after it.
        if problems := [f"{one.__name__}: {problem}" for problem in one(kind, make, pools)]:
            return problems
    return []


def conformance(kind: str, target: str, pools: int = 1, **arguments: Any) -> Callable[..., None]:
    """A pytest function, one case a check; bind it to a name that begins with `test`.

    Args:
        kind: of the policy, such as "budget".
        target: its class, as `_target_` names it.
        pools: see `check`.
        arguments: of its constructor.
    """
    import pytest

    component = Component.model_validate({"_target_": target, **arguments})

    @pytest.mark.parametrize("rule", CHECKS, ids=lambda rule: rule.__name__)
    def test(rule: Check) -> None:
        problems = rule(kind, lambda: create(component, target), pools)
        assert not problems, "\n".join(problems)

    return test


def microseconds(kind: str, make: Make, pools: int = 1) -> float:
    """Time of one decision on six replicas, the least of several rounds."""
    if kind not in KINDS:
        raise ConfigError(f"there is no kind {kind!r}; kinds: {', '.join(KINDS)}")
    replicas = tuple(Standing(pool=POOLS[at % pools], outstanding=at) for at in range(6))
    seen, policy = shown(State("six replicas", replicas=replicas)), prepared(make)
    question = next(one for one in KINDS[kind] if one.needed)
    asked, arguments = getattr(policy, question.method), question.arguments(seen)
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(ROUNDS):
            asked(*arguments)
        best = min(best, (time.perf_counter() - began) / ROUNDS)
    return best * 1e6


def prepared(make: Make) -> Any:
    """A new policy object; one that knows what is to come is told it."""
    policy = make()
    if callable(getattr(policy, "foresee", None)):
        zones = {f"zone-{letter}": zone_series(f"zone-{letter}", at) for at, letter in enumerate("abc")}
        policy.foresee(Foresight(HORIZON_S, 15.0, 200.0, True, 4.0, zones, np.arange(0.0, HORIZON_S, 0.2)))
    return policy


def zone_series(zone: str, at: int) -> ZoneSeries:
    """A zone that is up for ten minutes and down for five, in turns."""
    time_s = np.arange(0.0, HORIZON_S, 900.0)
    times = np.sort(np.concatenate([time_s, time_s + 600.0]))
    return ZoneSeries(zone, "region", times, np.tile([2, 0], len(time_s)).astype(np.int64), np.full(len(times), 1.0 + at))


def plain(name: str) -> str:
    """The name of an attribute without the number of its replica or node."""
    head, bracket, tail = name.partition("[")
    return f"{head}{tail.partition(']')[2]}" if bracket else name


def looked_at(kind: str, policy: Any, pools: int = 1) -> list[str]:
    """Names of all that a policy looks at in the states, sorted, such as `request.tier`."""
    looked: Seen = {}
    for state in states(pools):
        seen = shown(state)
        for question in _questions(kind, policy, seen):
            _ask(policy, question, tuple(observed(view, looked) for view in question.arguments(seen)))
        _tell(policy, seen, looked)
    return sorted({plain(name) for name in looked})


def _questions(kind: str, policy: Any, seen: Shown) -> list[Question]:
    """What a policy is asked in a state: all that it has methods for. Nobody is asked for a victim of an empty batch."""
    has = [one for one in KINDS[kind] if callable(getattr(policy, one.method, None))]
    return [one for one in has if one.method != "victim" or seen.replica.running]


def _ask(policy: Any, question: Question, arguments: tuple[Any, ...]) -> Any:
    return revealed(getattr(policy, question.method)(*arguments))


def _answers(kind: str, policy: Any, pools: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for state in states(pools):
        seen = shown(state)
        found += [
            (f"{state.name}: {question.method}", described(_ask(policy, question, question.arguments(seen))))
            for question in _questions(kind, policy, seen)
        ]
        _tell(policy, seen)
    return found


def _tell(policy: Any, seen: Shown, looked: Seen | None = None) -> None:
    """How the request of a state ended, for policies that learn."""
    if not callable(getattr(policy, "learn", None)):
        return
    late = seen.state.request.waited_s > 0
    served = Served(seen.request, seen.replica, True, 0.3, 0.01, 9.0, not late, 1.0, 0.5, seen.state.request.right, seen.state.now_s)
    policy.learn(served if looked is None else observed(served, looked))


def _rising(state: State, owner: str, attribute: str) -> list[State]:
    """The state with one attribute at a tenth, once, twice and ten times its value."""
    first = state.replicas[0]
    value = getattr(state.request if owner == "request" else first, attribute)
    changes: list[dict[str, Any]] = [{attribute: type(value)(value * factor)} for factor in (0.1, 1.0, 2.0, 10.0)]
    if owner == "request":
        return [replace(state, request=replace(state.request, **change)) for change in changes]
    return [replace(state, replicas=(replace(first, **change), *state.replicas[1:])) for change in changes]
