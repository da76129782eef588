"""With a prefix cache the event-sparse replica gives the time stamps and the hits of an engine that goes step by step."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudsim.clock import Clock
from cloudsim.decision_log import DecisionLog
from cloudsim.policy_errors import PolicyErrors
from cloudsim.serving.caching import Caching
from cloudsim.serving.prefix_cache import PrefixCache
from cloudsim.serving.request import Request
from tests.judge import Judge, Sequence
from tests.latency.models import affine, roofline, tabulated
from tests.property.interrupted import InterruptedJudge
from tests.serving.test_engine_against_judge import UNIT_S, alone, profile
from tests.serving.test_scheduling_against_judge import KINDS, Ruled, rules

WORTHS = {
    "lru": lambda conversation, turn, tokens, units, hits, time_s: time_s,
    "lfu": lambda conversation, turn, tokens, units, hits, time_s: float(hits),
    "largest": lambda conversation, turn, tokens, units, hits, time_s: -float(units),
    "whim": lambda conversation, turn, tokens, units, hits, time_s: float((7 * conversation + 3 * turn + hits) % 4),
}


class Worth:
    """A worth as the engine asks it."""

    def __init__(self, worth):
        self.asked = worth

    def worth(self, entry, replica):
        return self.asked(entry.conversation, entry.turn, entry.tokens, entry.units, entry.hits, entry.stored_s)


@st.composite
def talks(draw):
    """Turns that come while others are under way, at changing levels, some of which know nothing of each other; memory is scarce."""
    block = draw(st.sampled_from([1, 4, 16]))
    dyadic = draw(st.booleans())
    tick = 2.0**-12 if dyadic else 0.000737
    longest = draw(st.sampled_from([20, 120, 600]))
    burst = draw(st.sampled_from([0, 40, 400, 4000]))
    kinds, conversations = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    time, said, turns, made = 0, {}, {}, []
    for index in range(draw(st.integers(1, 25))):
        time += draw(st.integers(0, burst)) if burst else 0
        number = draw(st.integers(-1, conversations - 1))
        level = draw(st.sampled_from([0, 0, 0, 1, 2])) % kinds
        before = said.get(number, 0)
        prompt, output = before + draw(st.integers(1, longest)), draw(st.integers(1, longest // 2))
        shared = draw(st.sampled_from([before, before, before, before // 2, 0]))
        if number >= 0:
            turns[number] = turns.get(number, 0) + draw(st.sampled_from([1, 1, 1, 2]))
        if prompt + output < 8 * longest:
            said[number] = prompt + output if number >= 0 else 0
        row = (index, time * tick, prompt, output, level, number, turns.get(number, 0), min(shared, prompt - 1) if number >= 0 else 0)
        made.append(row)
    units = [level.units for level in profile(False).levels]
    least = max(-(-(row[2] + row[3]) // block) * units[row[4]] for row in made)
    capacity = int(least * draw(st.sampled_from([1.0, 1.1, 1.5, 3.0, 20.0])))
    max_sequences = draw(st.integers(1, 12))
    step_tokens = max_sequences + draw(st.sampled_from([1, 7, 64, 512]))
    return made, capacity, block, step_tokens, max_sequences, dyadic, draw(st.booleans())


def with_cache(replica, worth):
    """The replica with a prefix cache, which checks that each unit is counted once whenever it looks."""
    clock = replica.clock
    policy = Caching(Worth(worth), PolicyErrors(clock, "test", fail=True), DecisionLog(clock, 0.0))
    replica._cache = PrefixCache(policy, replica.view, replica.block_tokens)
    return replica


def serve(sequences, levels, worth, looks, given, rule=None, until_s=1e9):
    """The product's replica on the same requests; where somebody `looks` at what is kept whenever a request comes, nothing changes."""
    clock, done = Clock(), {}
    replica = alone(clock, *given, lambda request: done.__setitem__(request.index, clock.now), rule and Ruled(rule))
    replica = with_cache(replica, worth)
    served = []
    for s in sequences:
        talk = {"conversation": s.conversation, "turn": s.turn, "shared_tokens": s.shared}
        request = Request(s.index, s.arrival_s, s.prompt, s.output, 0, 0, 0.5, **talk)
        request.level = request.token_level = levels.levels[s.level]
        served.append(request)

    def submit(request):
        if looks:
            replica.view.cached_tokens(request.view)
        replica.submit(request)

    settle = type(replica)._settle

    class Checked(type(replica)):
        __slots__ = ()

        def _settle(self, steps, at_s):
            settle(self, steps, at_s)
            if looks:  # at a step boundary
                self._make_cache_yield(self.step)
                assert 0 <= self._cache.units <= self.capacity - self.used(self.step)
            assert self._cache.units == self._cache.kept_units()
            assert len(self._cache._heap) <= 64 + 2 * len(self._cache) + 1

    replica.__class__ = Checked
    clock.run_with(iter(served), submit, until_s)
    return replica, served, done


def sequences_of(rows, levels):
    made = []
    for *row, level, conversation, turn, shared in rows:
        of = levels.levels[level]
        talk = {"conversation": conversation, "turn": turn, "shared": shared}
        made.append(Sequence(*row, layers=of.layers, units=of.units, level=level, **talk))
    return made


def compare(load, kind, worth, looks=False, rule=None):
    rows, capacity, block, step_tokens, max_sequences, dyadic, independent = load
    levels, model = profile(independent), kind(UNIT_S * (1.0 if dyadic else 0.9871235))
    expected = sequences_of(rows, levels)
    judge = Judge(model, levels, capacity, block, step_tokens, max_sequences, rule=rule, worth=worth)
    fresh = [replace(s) for s in expected]
    judge.run(expected)
    replica, served, done = serve(fresh, levels, worth, looks, (model, levels, capacity, block, step_tokens, max_sequences), rule)
    for want, got in zip(expected, served, strict=True):
        assert got.cached_tokens == want.cached
        assert getattr(got, "hits", 0) == want.hits
        assert got.first_token_s == pytest.approx(want.first_token_s, rel=1e-9, abs=0)
        assert done[got.index] == pytest.approx(want.done_s, rel=1e-9, abs=0)
        assert got.preempted == want.preempted
    assert replica.step == judge.steps
    assert replica.busy_s == pytest.approx(judge.busy_s, rel=1e-9)
    # what is left is what the judge has left, and every second of work is charged to somebody
    replica._make_cache_yield(replica.step)
    kept = {k.conversation: (k.turn, k.level, k.blocks, k.hits) for k in judge.kept}
    assert {number: (k.turn, k.level, k.blocks, k.hits) for number, k in replica._cache._entries.items()} == kept
    assert replica.used(replica.step) == replica.held == replica.queued_tokens == replica.outstanding == 0
    assert sum(r.gpu_s for r in served) == pytest.approx(replica.busy_s, rel=1e-9)
    assert sum(r.lost_gpu_s for r in served) == pytest.approx(replica.lost_s, rel=1e-9, abs=1e-15)
    if not any(s.preempted for s in expected):
        assert replica.lost_s == 0
    return expected


@pytest.mark.parametrize("worth", WORTHS)
@settings(max_examples=250, deadline=None)
@given(talks(), st.booleans())
def test_hits_and_time_stamps_equal_those_of_the_judge(worth, load, looks):
    compare(load, affine, WORTHS[worth], looks)


@pytest.mark.parametrize("kind", [tabulated, roofline])
@settings(max_examples=150, deadline=None)
@given(talks(), st.sampled_from(sorted(WORTHS)), st.booleans())
def test_they_do_where_runs_end_before_the_batch_changes(kind, load, worth, looks):
    compare((*load[:5], False, load[6]), kind, WORTHS[worth], looks)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=100, deadline=None)
@given(st.data(), talks(), st.sampled_from(sorted(WORTHS)))
def test_they_do_under_a_scheduling_policy(kind, data, load, worth):
    compare(load, affine, WORTHS[worth], rule=data.draw(rules(**KINDS[kind])))


@settings(max_examples=300, deadline=None)
@given(talks(), st.sampled_from(sorted(WORTHS)), st.floats(0, 1.05), st.booleans())
def test_what_is_left_at_an_end_is_that_of_the_judge(load, worth, share, at_an_arrival):
    """Also where the step that begins next, with hits, has been composed already."""
    rows, capacity, block, step_tokens, max_sequences, _, independent = load
    levels, model = profile(independent), affine(UNIT_S * 0.9871235)
    given = model, levels, capacity, block, step_tokens, max_sequences
    whole = Judge(*given, worth=WORTHS[worth])
    whole.run(sequences_of(rows, levels))
    time_s = share * whole.now + 3e-9  # a moment on a boundary has no defined side
    if at_an_arrival:
        time_s = min((row[1] for row in rows if row[1] >= time_s), default=time_s) + 2e-9
    judge, sequences = InterruptedJudge(*given, worth=WORTHS[worth]), sequences_of(rows, levels)
    judge.begin(sequences)
    cut = judge.until(time_s)
    replica, requests, done = serve(sequences_of(rows, levels), levels, WORTHS[worth], False, given, until_s=time_s)
    left = replica.abort()

    assert [request.index for request in left] == [s.index for s in cut.left]
    assert replica.step == cut.steps
    for want, got in zip(sequences, requests, strict=True):
        if want.arrival_s >= time_s:
            continue
        assert got.generated_tokens == want.generated
        assert (got.index in done) == (want.done_s >= 0)
        if got.index in done:
            assert got.cached_tokens == want.cached
            continue
        assert (got.prefilled_tokens, got.cached_tokens, got.finish_step) == (0, 0, -1)
        stored = max(judge.most_stored.get(want.index, 0), want.stored)
        assert got.known_tokens in (stored, max(stored, want.cached))  # one whose first step is cut off may have found what it never used
    assert replica.used(replica.step) == replica.held == replica._cache.units == len(replica._cache) == 0
    assert replica.outstanding == replica.queued_tokens == replica.decoding == replica.kv_units == 0


def test_scarce_memory_makes_hits_preemptions_and_entries_that_give_way():
    """The engine is held to the judge where all of these happen."""
    random, hits, preempted, cut = Random(0), 0, 0, 0
    for _ in range(40):
        said, rows, time_s = [0] * 4, [], 0.0
        turns = [0] * 4
        for index in range(25):
            time_s += random.random() * 0.2
            number = random.randrange(4)
            prompt, output = said[number] + random.randrange(1, 60), random.randrange(1, 60)
            shared, turns[number], said[number] = said[number], turns[number] + 1, prompt + output
            rows.append((index, time_s, prompt, output, 0, number, turns[number], shared))
        capacity = -(-max(row[2] + row[3] for row in rows) // 4) * 32
        load = rows, int(capacity * 1.5), 4, 72, 8, False, False
        found = compare(load, affine, WORTHS["lru"], looks=True)
        hits += sum(s.cached > 0 for s in found)
        preempted += sum(s.preempted for s in found)
        cut += sum(0 < s.cached < (s.shared - 1) // 4 * 4 for s in found)
    assert hits > 100
    assert preempted > 20
    assert cut > 10
