"""An engine whose node goes away at any moment leaves exactly what an engine that goes step by step has done by then."""

import os
from bisect import bisect
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudsim.clock import Clock
from cloudsim.serving.replica import Replica
from cloudsim.serving.request import Request
from tests.judge import Sequence
from tests.latency.models import affine
from tests.property.interrupted import InterruptedJudge
from tests.serving.test_engine_against_judge import UNIT_S, asked, loads, profile

NIGHTLY = bool(os.environ.get("CLOUDSIM_NIGHTLY"))
END_S = 1e9


def replica_of(load, clock, done, kind=Replica, scheduling=None):
    """The product's replica, not tied to a node."""
    _, capacity, block, step_tokens, max_sequences, dyadic, independent = load
    return kind(
        clock, affine(UNIT_S * (1.0 if dyadic else 0.9871235)), profile(independent), capacity, block, step_tokens, max_sequences,
        lambda request: done.__setitem__(request.index, clock.now), 0, "pool", "model", SimpleNamespace(index=0), 1,
        profile(independent).levels[0], scheduling=asked(scheduling, clock),
    )  # fmt: skip


def at(clock, time_s, action):
    """Do something at a time."""

    def wait():
        yield clock.timeout(time_s - clock.now)
        action()

    clock.process(wait())


def judge_of(load):
    _, capacity, block, step_tokens, max_sequences, dyadic, independent = load
    model = affine(UNIT_S * (1.0 if dyadic else 0.9871235))
    return InterruptedJudge(model, profile(independent), capacity, block, step_tokens, max_sequences)


def sequences_of(load):
    levels = profile(load[6]).levels
    return [Sequence(*row[:4], layers=levels[row[4]].layers, units=levels[row[4]].units, level=row[4]) for row in load[0]]


def requests_of(sequences, independent):
    made = []
    for s in sequences:
        request = Request(s.index, s.arrival_s, s.prompt, s.output, 0, 0, 0.5)
        request.level = request.token_level = profile(independent).levels[s.level]
        made.append(request)
    return made


def whole_run(load):
    """Times of all step boundaries of an undisturbed run, and of all arrivals."""
    judge, sequences = judge_of(load), sequences_of(load)
    boundaries = []
    step = judge.step
    judge.step = lambda: (step(), boundaries.append(judge.now))[0]
    judge.begin(sequences)
    judge.until(END_S)
    assert all(s.done_s >= 0 for s in sequences)
    return boundaries, [s.arrival_s for s in sequences]


@st.composite
def interruptions(draw):
    """A load and a moment: anywhere, on a step boundary or by it, just after an arrival, or between one and the next boundary."""
    load = draw(loads())
    boundaries, arrivals = whole_run(load)
    kind = draw(st.sampled_from(["composed", "anywhere", "boundary", "before", "after", "arrival"]))
    at = draw(st.sampled_from(boundaries))
    exact = load[5] and not load[6]  # the chance that a layer is skipped by all is no dyadic number
    tiny = 2.0**-24 if exact else 1e-9
    if kind == "anywhere":
        time_s = draw(st.floats(0, 1)) * boundaries[-1] * 1.05
    elif kind == "composed":  # an arrival has composed the next step, and the one before it is still under way
        inside = [arrival for arrival in arrivals if boundaries[0] < arrival < boundaries[-1]]
        arrival = draw(st.sampled_from(inside)) if inside else 0.0
        boundary = boundaries[bisect(boundaries, arrival)]
        time_s = arrival + (boundary - arrival) * draw(st.sampled_from([0.5, 0.01, 0.99]))
    elif kind == "arrival":
        time_s = draw(st.sampled_from(arrivals)) + draw(st.sampled_from([tiny, 2.0**-12, 2.0**-9]))
    else:
        # Where sums are not exact, a moment on a boundary has no defined side.
        time_s = at + {"boundary": 0.0 if exact else 1e-9, "before": -tiny, "after": tiny}[kind]
    if not exact and any(abs(time_s - boundary) < 1e-10 for boundary in boundaries):
        time_s += 1e-8
    return load, time_s


def check_state(sequences, requests, done, time_s):
    for want, got in zip(sequences, requests, strict=True):
        if want.arrival_s >= time_s:
            assert got.replica is None
            continue
        assert got.generated_tokens == want.generated
        assert (got.index in done) == (want.done_s >= 0)
        assert got.preempted == want.preempted
        assert got.first_token_s == pytest.approx(want.first_token_s, rel=1e-9, abs=0)
        if want.done_s >= 0:
            assert done[got.index] == pytest.approx(want.done_s, rel=1e-9, abs=0)


@settings(max_examples=6000 if NIGHTLY else 500)
@given(interruptions(), st.booleans())
def test_what_is_left_at_an_end_is_that_of_the_judge(interruption, lost):
    load, time_s = interruption
    judge, sequences = judge_of(load), sequences_of(load)
    judge.begin(sequences)
    cut = judge.until(time_s)

    clock, done = Clock(), {}
    replica = replica_of(load, clock, done)
    requests = requests_of([replace(s, generated=0) for s in sequences], load[6])
    clock.run_with(iter(requests), replica.submit, time_s)
    left = replica.abort(lost)

    check_state(sequences, requests, done, time_s)
    assert [request.index for request in left] == [s.index for s in cut.left]
    assert replica.step == cut.steps
    step_s = time_s - cut.boundary_s if cut.composed else 0.0
    assert replica.busy_s == pytest.approx(judge.busy_s + step_s, rel=1e-9, abs=1e-9)
    assert sum(request.gpu_s for request in requests) == pytest.approx(judge.busy_s, rel=1e-9, abs=1e-9)
    recomputed = sum(request.lost_gpu_s for request in requests)
    assert replica.lost_s == pytest.approx(recomputed + (step_s if lost else 0.0), rel=1e-9, abs=1e-9)
    if not any(s.preempted for s in sequences):
        assert recomputed == 0
    # nothing is held, and whoever is handed back starts again with what was generated
    assert replica.used(replica.step) == replica.held == 0
    assert replica.outstanding == replica.queued_tokens == replica.decoding == replica.kv_units == 0
    assert not replica.busy
    stored = {s.index: max(judge.most_stored.get(s.index, 0), s.stored) for s in sequences}
    for request in left:
        assert request.prompt_tokens == request.input_tokens + request.generated_tokens
        assert request.prefilled_tokens == 0
        assert request.finish_step == -1
        assert request.known_tokens == stored[request.index]


@settings(max_examples=2000 if NIGHTLY else 150)
@given(interruptions())
def test_an_ended_replica_stays_silent(interruption):
    """Alarms that were set before the end change nothing after it."""
    load, time_s = interruption
    clock, done = Clock(), {}
    replica = replica_of(load, clock, done)
    requests = [request for request in requests_of(sequences_of(load), load[6]) if request.arrival_s < time_s]
    clock.run_with(iter(requests), replica.submit, time_s)
    replica.abort()
    before = dict(done), replica.step, replica.busy_s, [request.generated_tokens for request in requests]
    clock.run_with(iter(()), replica.submit, END_S)
    assert (dict(done), replica.step, replica.busy_s, [request.generated_tokens for request in requests]) == before


@settings(max_examples=3000 if NIGHTLY else 250)
@given(interruptions(), st.data())
def test_answers_that_are_shortened_end_as_those_of_the_judge(interruption, data):
    load, time_s = interruption
    boundaries, _ = whole_run(load)
    if time_s in boundaries:  # the step that begins then may have been composed already, and a preemption is not taken back
        time_s += 2.0**-24
    clock, done, action = Clock(), {}, {}
    replica = replica_of(load, clock, done)
    sequences = sequences_of(load)
    requests = requests_of(sequences, load[6])
    shares = {s.index: data.draw(st.sampled_from([0.0, 0.3, 0.9, 1.0])) for s in sequences}

    def shorten():
        action["step"], action["time_s"] = replica.step, clock.now
        for request in list(replica.running.values()):
            if request.finish_step >= 0:
                replica.shorten(request, max(1, int(request.output_tokens * shares[request.index])))

    at(clock, time_s, lambda: replica.at_boundary(shorten))
    clock.run_with(iter(requests), replica.submit, END_S)

    judge = judge_of(load)

    def shorten_sequences(judge):
        for s in judge.running:
            if s.decoding:
                s.output = max(1, int(s.output * shares[s.index]), s.generated + 1)

    judge.begin(sequences)
    judge.until(END_S, {action["step"]: shorten_sequences})
    for want, got in zip(sequences, requests, strict=True):
        assert got.output_tokens == got.generated_tokens == want.output
        assert done[got.index] == pytest.approx(want.done_s, rel=1e-9, abs=0)
        assert got.first_token_s == pytest.approx(want.first_token_s, rel=1e-9, abs=0)
        assert got.preempted == want.preempted
    assert replica.step == judge.steps
    assert replica.used(replica.step) == replica.held == replica.kv_units == replica.decoding == 0
    assert sum(request.gpu_s for request in requests) == pytest.approx(replica.busy_s, rel=1e-9)
    if time_s < boundaries[-1]:  # the action is not put off: it comes at the first boundary, or at the end of the step after it
        assert action["time_s"] >= time_s
        assert sum(time_s < boundary < action["time_s"] * (1 - 1e-9) for boundary in boundaries) <= 1


@settings(max_examples=6000 if NIGHTLY else 400)
@given(interruptions(), st.data())
def test_memory_that_goes_and_comes_back_is_felt_as_by_the_judge(interruption, data):
    """Twice in a run the KV memory gets another size, down to what the largest sequence needs by itself."""
    load, time_s = interruption
    boundaries, _ = whole_run(load)
    if time_s in boundaries:
        time_s += 2.0**-24
    later_s = time_s + data.draw(st.sampled_from([2.0**-12, 2.0**-6, 1.0])) * boundaries[-1]
    sequences, block = sequences_of(load), load[2]
    least = max(-(-(s.prompt + s.output) // block) * s.units for s in sequences)
    sizes = [int(least + data.draw(st.floats(0, 1)) ** 2 * max(0, load[1] - least)) for _ in range(2)]
    clock, done, actions = Clock(), {}, {}
    replica = replica_of(load, clock, done)
    requests = requests_of(sequences, load[6])

    def resize(size):
        def act():
            actions[replica.step] = size
            replica.resize(size, replica.ceiling)

        return act

    for moment, size in zip((time_s, later_s), sizes, strict=True):
        at(clock, moment, lambda size=size: replica.at_boundary(resize(size)))
    clock.run_with(iter(requests), replica.submit, END_S)

    judge = judge_of(load)
    judge.begin(sequences)
    judge.until(END_S, {step: lambda judge, size=size: setattr(judge, "capacity", size) for step, size in actions.items()})
    for want, got in zip(sequences, requests, strict=True):
        assert done[got.index] == pytest.approx(want.done_s, rel=1e-9, abs=0)
        assert got.first_token_s == pytest.approx(want.first_token_s, rel=1e-9, abs=0)
        assert got.preempted == want.preempted
    assert replica.step == judge.steps
    assert replica.used(replica.step) == replica.held == replica.kv_units == replica.decoding == 0


@settings(max_examples=2000 if NIGHTLY else 200)
@given(loads(), st.floats(0, 1), st.data())
def test_sequences_that_move_decode_on_as_those_of_the_judge(load, share, data):
    """Decoding sequences leave one replica at a boundary and join another, which is idle or busy, with their KV; memory is ample."""
    rows, _, block, _, _, dyadic, independent = load
    load = (rows, 10**9, block, 4096, 64, dyadic, independent)
    boundaries, _ = whole_run(load)
    time_s = boundaries[-1] * share
    clock, done, moved = Clock(), {}, {}
    joined = {}

    class Target(Replica):
        """Notes at which step each sequence joins."""

        __slots__ = ()

        def _decode(self, request, stored_tokens):
            if request.index < 100:
                joined.setdefault(request.index, (self.step, clock.now))
            super()._decode(request, stored_tokens)

    source, target = replica_of(load, clock, done), replica_of(load, clock, done, Target)
    sequences = sequences_of(load)
    requests = requests_of(sequences, independent)
    others = [replace(s, index=100 + s.index) for s in sequences_of(load)] if data.draw(st.booleans()) else []
    busy = requests_of(others, independent)
    travel_s = data.draw(st.sampled_from([0.0, 2.0**-8, 2.0**-2]))

    def move():
        moved["from_step"] = source.step
        going = [request for request in source.running.values() if request.finish_step >= 0]
        stored = {request.index: source.detach(request) for request in going}
        assert all(target.reserve(request, stored[request.index]) for request in going)
        assert target.incoming == len(going)

        def attach():
            for request in going:
                target.attach(request, stored[request.index])

        moved["going"], moved["stored"] = going, stored
        at(clock, clock.now + travel_s, attach)

    at(clock, time_s, lambda: source.at_boundary(move))
    both = sorted([*requests, *busy], key=lambda request: (request.arrival_s, request.index))
    clock.run_with(iter(both), lambda request: (source if request.index < 100 else target).submit(request), END_S)

    going = [request.index for request in moved["going"]]
    judge = judge_of(load)
    taken = []

    def take(judge):
        taken.extend(s for s in judge.running if s.index in going)
        for s in taken:
            judge.running.remove(s)

    judge.begin(sequences)
    judge.until(END_S, {moved["from_step"]: take})
    assert [s.index for s in taken] == going
    assert {s.index: s.stored for s in taken} == moved["stored"]

    other = judge_of(load)

    def join(step):
        def act(judge):
            if not judge.running and not judge.waiting:
                judge.now = max(judge.now, *(time for _, time in joined.values()))
            arrived = [s for s in taken if joined[s.index][0] == step]
            judge.running += arrived
            for s in arrived:
                s.decoding = True

        return act

    other.begin(others)
    other.until(END_S, {step: join(step) for step, _ in joined.values()})
    assert set(joined) == set(going)
    for want, got in zip([*sequences, *others], [*requests, *busy], strict=True):
        assert got.generated_tokens == want.output
        assert done[got.index] == pytest.approx(want.done_s, rel=1e-9, abs=0)
        assert got.first_token_s == pytest.approx(want.first_token_s, rel=1e-9, abs=0)
    for replica in (source, target):
        assert replica.used(replica.step) == replica.held == replica.incoming == replica.outstanding == replica.decoding == 0
    assert sum(r.gpu_s for r in [*requests, *busy]) == pytest.approx(source.busy_s + target.busy_s, rel=1e-9)


@pytest.mark.parametrize("arrived", [True, False])
def test_sequences_on_their_way_to_an_ended_replica_give_their_room_back(arrived):
    """One whose KV has come, but whose first step here has not begun, is handed back after the batch and before those that wait."""
    load = ([(0, 0.0, 50, 400, 0), (1, 0.0, 50, 400, 0), (2, 0.25, 50, 400, 0)], 10**6, 16, 64, 2, True, False)
    clock, done = Clock(), {}
    replica = replica_of(load, clock, done)
    first, second, late = requests_of(sequences_of(load), False)
    clock.run_with(iter([first, late]), replica.submit, 1.0)
    assert not replica.reserve(second, 60)  # both places are taken
    [left] = [request for request in replica.abort() if request is late]
    assert left.generated_tokens > 0

    replica = replica_of(load, clock, done)
    first, second, late = requests_of(sequences_of(load), False)
    replica.submit(first)
    clock.run_with(iter(()), replica.submit, 2.0)
    second.generated_tokens = 11
    assert replica.reserve(second, 60)
    assert replica.held == 4 * 32
    replica.submit(late)  # there is no place besides the one that is kept
    if arrived:
        replica.attach(second, 60)
    handed_back = [request.index for request in replica.abort()]
    assert handed_back == ([0, 1, 2] if arrived else [0, 2])
    if not arrived:
        assert (replica.held, replica.incoming) == (4 * 32, 1)
        replica.cancel(second, 60)
    else:
        assert (second.prompt_tokens, second.known_tokens) == (50 + 11, 60)
    assert replica.held == replica.incoming == replica.outstanding == 0
