"""Under a scheduling policy the event-sparse replica gives the time stamps of an engine that goes step by step and asks the same rule."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudsim.clock import Clock
from cloudsim.serving.request import Request
from policies.scheduling.fcfs import FCFS
from tests.judge import Judge, Rule, Sequence
from tests.latency.models import LAYERS, affine, roofline, tabulated
from tests.property.test_reclaim_against_judge import at, check_state, interruptions, judge_of, replica_of, requests_of, sequences_of
from tests.serving.test_engine_against_judge import UNIT_S, alone, loads, profile, serve


class Ruled:
    """A rule as the engine asks it."""

    def __init__(self, rule):
        self.rule, self.reorders = rule, rule.reorders
        if rule.victim is not None:
            self.victim = lambda replica: rule.victim(replica.running)
        if rule.quantum is not None:
            self.quantum_tokens = lambda request, replica: rule.quantum(request.index, request.generated_tokens)

    def rank(self, request, replica):
        now_s = replica.now_s if self.reorders else 0.0
        return self.rule.rank(request.index, request.generated_tokens, request.preempted, now_s)


@st.composite
def rules(draw, reorders=False, quantum=False, victim=False):
    """Ranks from a small table, so that there are ties; those of running and waiting requests change with what they have generated."""
    table = draw(st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=7))
    by_index, by_generated, by_preempted, by_time = (draw(st.integers(0, 6)) for _ in range(4))
    width = draw(st.sampled_from([1, 5, 40]))

    def rank(index, generated, preempted, now_s):
        moment = int(now_s * 640)
        return table[(by_index * index + by_generated * (generated // width) + by_preempted * preempted + by_time * moment) % len(table)]

    tokens = draw(st.lists(st.sampled_from([1, 2, 7, 40, 300]), min_size=1, max_size=4))
    turn = draw(st.integers(1, 5))
    return Rule(
        rank,
        reorders,
        (lambda running: min(running, key=lambda one: (one.index * turn % 11, one.index))) if victim else None,
        (lambda index, generated: tokens[(index + generated // 9) % len(tokens)]) if quantum else None,
    )


KINDS = {
    "static": {},
    "victim": {"victim": True},
    "reordering": {"reorders": True},
    "quantum": {"quantum": True},
    "all": {"reorders": True, "quantum": True, "victim": True},
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_time_stamps_equal_those_of_the_judge(kind, data):
    compare(data.draw(loads()), affine, data.draw(rules(**KINDS[kind])))


@pytest.mark.parametrize("kind", [tabulated, roofline])
@settings(max_examples=100, deadline=None)
@given(loads(), rules(quantum=True))
def test_they_do_where_runs_end_before_the_batch_changes(kind, load, rule):
    compare((*load[:5], False, load[6]), kind, rule)


def judged(load, kind, rule):
    rows, capacity, block, step_tokens, max_sequences, dyadic, independent = load
    levels, model = profile(independent), kind(UNIT_S * (1.0 if dyadic else 0.9871235))
    shapes = [levels.levels[row[4]] for row in rows]
    sequences = [Sequence(*row[:4], level.layers, level.units, level.index) for row, level in zip(rows, shapes, strict=True)]
    judge = Judge(model, levels, capacity, block, step_tokens, max_sequences, rule=rule)
    judge.run(sequences)
    return judge, sequences, (model, levels, capacity, block, step_tokens, max_sequences)


def compare(load, kind, rule):
    judge, expected, shape = judged(load, kind, rule)
    engine, served, done = serve([replace(s) for s in expected], *shape, Ruled(rule))
    for want, got in zip(expected, served, strict=True):
        assert got.first_token_s == pytest.approx(want.first_token_s, rel=1e-9, abs=0)
        assert done[got.index] == pytest.approx(want.done_s, rel=1e-9, abs=0)
        assert got.preempted == want.preempted
        assert got.generated_tokens == got.output_tokens
    assert engine.busy_s == pytest.approx(judge.busy_s, rel=1e-9)
    assert engine.step == judge.steps
    # nobody is lost, nothing is left behind, and every second of work is charged to somebody
    assert engine.used(engine.step) == engine.held == engine.queued_tokens == engine.outstanding == 0
    assert engine.kv_units == engine.decoding == 0
    assert not engine.running
    assert not engine.waiting
    assert sum(r.gpu_s for r in served) == pytest.approx(engine.busy_s, rel=1e-9)
    assert sum(r.lost_gpu_s for r in served) == pytest.approx(engine.lost_s, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("kind", ["static", "all"])
@settings(max_examples=150, deadline=None)
@given(interruption=interruptions(), data=st.data())
def test_what_is_left_at_an_end_is_that_of_the_judge(kind, interruption, data):
    load, time_s = interruption
    rule = data.draw(rules(**KINDS[kind]))
    judge, expected = judge_of(load), sequences_of(load)
    judge.rule = rule
    judge.begin(expected)
    cut = judge.until(time_s)
    clock, done = Clock(), {}
    replica = replica_of(load, clock, done, scheduling=Ruled(rule))
    requests = requests_of([replace(s, generated=0) for s in expected], load[6])
    clock.run_with(iter(requests), replica.submit, time_s)
    left = replica.abort()
    check_state(expected, requests, done, time_s)
    assert sorted(request.index for request in left) == sorted(s.index for s in cut.left)
    assert replica.step == cut.steps
    assert replica.used(replica.step) == replica.held == replica.outstanding == replica.queued_tokens == 0


@settings(max_examples=200, deadline=None)
@given(loads())
def test_fcfs_as_a_policy_is_the_default_to_the_last_bit(load):
    _, expected, shape = judged(load, affine, None)
    runs = [serve([replace(s) for s in expected], *shape, policy) for policy in (None, FCFS())]
    (plain, first, done), (ranked, second, done_too) = runs
    assert done == done_too
    names = ("first_token_s", "preempted", "gpu_s", "lost_gpu_s")
    assert [[getattr(one, name) for name in names] for one in first] == [[getattr(one, name) for name in names] for one in second]
    assert (plain.step, plain.busy_s, plain.lost_s, plain.decode_s) == (ranked.step, ranked.busy_s, ranked.lost_s, ranked.decode_s)


def sequences(rows, layers=LAYERS, units=32):
    return [Sequence(index, *row, layers, units, 0) for index, row in enumerate(rows)]


@pytest.mark.parametrize("factor", [1, 100])
def test_events_grow_with_quanta_and_not_with_tokens(factor):
    rule = Rule(lambda index, generated, preempted, now_s: generated / factor, quantum=lambda index, generated: 50 * factor)
    rows = sequences([(0.0, 30 * factor, 200 * factor)] * 20)
    engine, served, done = serve(rows, affine(UNIT_S), profile(False), 10**9, 16, 256, 4, Ruled(rule))
    assert len(done) == 20
    assert sum(request.preempted for request in served) >= 20
    assert engine.clock.fired <= 20 * 4 * 3  # in each quantum: full chunks of what is computed again, its last chunk, decodes


def test_a_reordering_policy_is_asked_at_events_and_not_at_steps():
    asked = []

    class Counting:
        reorders = True

        def rank(self, request, replica):
            asked.append(request.index)
            return -request.index

        def observe(self, replica):
            assert len(replica.waiting) > 1
            assert all(request.generated_tokens >= 1 for request in replica.running if request._request.finish_step >= 0)

    counts = []
    for factor in (1, 100):
        asked.clear()
        serve(sequences([(0.0, 30, 200 * factor)] * 20), affine(UNIT_S), profile(False), 10**9, 16, 256, 4, Counting())
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_best_rank_that_does_not_fit_stops_admission():
    """Head of line: a small request that would fit waits behind a large one that ranks before it."""
    rank = {0: 0.0, 1: 1.0, 2: 2.0}
    rule = Rule(lambda index, generated, preempted, now_s: rank[index])
    rows = sequences([(0.0, 160, 50), (0.001, 320, 5), (0.001, 16, 5)])
    _, served, done = serve(rows, affine(UNIT_S), profile(False), 25 * 32, 16, 512, 4, Ruled(rule))
    assert done[0] < served[1].first_token_s <= served[2].first_token_s


def test_who_leaves_the_queue_lets_the_next_one_in():
    """The first of those that wait does not fit, and is taken away while the batch runs on."""
    load = ([(0, 0.0, 5904, 400, 0), (1, 0.001, 500, 5, 0), (2, 0.001, 16, 5, 0)], 400 * 32, 16, 512, 4, True, False)
    clock, done = Clock(), {}
    replica = replica_of(load, clock, done, scheduling=FCFS())
    first, large, small = requests_of(sequences_of(load), False)
    at(clock, 1.0, lambda: replica.at_boundary(lambda: replica.detach(large)))
    clock.run_with(iter([first, large, small]), replica.submit, 1e9)
    assert done[2] < done[0]
    assert 1 not in done


@pytest.mark.parametrize("rank", [float("nan"), float("inf"), None, "first"])
def test_a_rank_that_is_no_finite_number_is_told(rank):
    class Broken:
        def rank(self, request, replica):
            return rank

    with pytest.raises(Exception, match=r"scheduling Broken gave rank .* to request 0: not a finite number"):
        serve(sequences([(0.0, 10, 10)]), affine(UNIT_S), profile(False), 10**6, 16, 64, 4, Broken())


def test_the_ends_of_quanta_of_requests_that_have_left_are_let_go():
    rule = Rule(lambda *_: 0.0, quantum=lambda *_: 10**6)
    clock = Clock()
    engine = alone(clock, affine(UNIT_S), profile(False), 10**9, 16, 64, 4, lambda request: None, Ruled(rule))
    requests = [Request(index, index * 10.0, 5, 5, 0, 0, 0.5) for index in range(1000)]
    for request in requests:
        request.level = request.token_level = profile(False).levels[0]
    clock.run_with(iter(requests), engine.submit, 1e9)
    assert engine.outstanding == 0
    assert len(engine._ranking._begun) < 100
    assert len(engine._ranking._expiries) < 100
