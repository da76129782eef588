"""The event-sparse replica gives the time stamps of an engine that goes step by step."""

from dataclasses import replace
from math import nan
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudsim.clock import Clock
from cloudsim.decision_log import DecisionLog
from cloudsim.models.elastic import ElasticProfile, Level
from cloudsim.policy_errors import PolicyErrors
from cloudsim.serving.engine import Engine
from cloudsim.serving.replica import Replica
from cloudsim.serving.request import Request
from cloudsim.serving.scheduling import Scheduling
from tests.judge import Judge, Sequence
from tests.latency.models import GROUPS, LAYERS, affine, roofline, tabulated

UNIT_S = 2.0**-20
"""A dyadic rational: every sum of such coefficients is exact, so that even ties must fall alike."""


def profile(independent):
    shares = [(1.0, LAYERS, 32), (0.8, 6, 20), (0.5, 4, 9)]
    levels = tuple(
        Level(i, b, layers, units, layers / LAYERS, units / (layers * GROUPS), 1.0, 1.0) for i, (b, layers, units) in enumerate(shares)
    )
    return ElasticProfile("test", LAYERS, levels, independent, 0.0, ())


def asked(policy, clock):
    """A scheduling policy as replicas ask it; none where there is none."""
    return policy and Scheduling(policy, PolicyErrors(clock, "test", fail=True), DecisionLog(clock, 0.0))


def alone(clock, latency, levels, capacity, block, step_tokens, max_sequences, finished, policy):
    """A replica under a scheduling policy, whose node does nothing."""
    node = SimpleNamespace(index=0, zone="a-1a", market="spot", hinted_s=nan, price_usd_per_h=lambda: 1.0)
    return Replica(
        clock, latency, levels, capacity, block, step_tokens, max_sequences, finished, 0, "pool", "model", node, 1, levels.levels[0],
        (), asked(policy, clock),
    )  # fmt: skip


def serve(requests, latency_model, levels, capacity, block, step_tokens, max_sequences, scheduling=None):
    """The product's engine on the same requests; returns it and the requests."""
    clock, done = Clock(), {}
    given = (clock, latency_model, levels, capacity, block, step_tokens, max_sequences)

    def finished(request):
        done[request.index] = clock.now

    replica = Engine(*given, finished) if scheduling is None else alone(*given, finished, scheduling)
    served = []
    for s in requests:
        request = Request(s.index, s.arrival_s, s.prompt, s.output, 0, 0, 0.5)
        request.level = request.token_level = levels.levels[s.level]
        served.append(request)
    clock.run_with(iter(served), replica.submit, 1e9)
    return replica, served, done


@st.composite
def loads(draw):
    block = draw(st.sampled_from([1, 4, 16]))
    dyadic = draw(st.booleans())
    tick = 2.0**-12 if dyadic else 0.000737
    count = draw(st.integers(1, 25))
    longest = draw(st.sampled_from([20, 200, 1200]))
    burst = draw(st.sampled_from([0, 40, 4000]))
    kinds = draw(st.integers(1, 3))
    time, requests = 0, []
    for index in range(count):
        time += draw(st.integers(0, burst)) if burst else 0
        level = draw(st.integers(0, kinds - 1))
        requests.append((index, time * tick, draw(st.integers(1, longest)), draw(st.integers(1, longest // 2)), level))
    units = [level.units for level in profile(False).levels]
    least = max(-(-(prompt + output) // block) * units[level] for _, _, prompt, output, level in requests)
    capacity = int(least * draw(st.sampled_from([1.0, 1.3, 2.0, 6.0])))
    max_sequences = draw(st.integers(1, 12))
    step_tokens = max_sequences + draw(st.sampled_from([1, 7, 64, 512]))
    return requests, capacity, block, step_tokens, max_sequences, dyadic, draw(st.booleans())


@settings(max_examples=400, deadline=None)
@given(loads())
def test_time_stamps_equal_those_of_the_judge(load):
    compare(load, affine)


@pytest.mark.parametrize("kind", [tabulated, roofline])
@settings(max_examples=150, deadline=None)
@given(loads())
def test_they_do_where_runs_end_before_the_batch_changes(kind, load):
    compare((*load[:5], False, load[6]), kind)


def compare(load, kind):
    rows, capacity, block, step_tokens, max_sequences, dyadic, independent = load
    levels, model = profile(independent), kind(UNIT_S * (1.0 if dyadic else 0.9871235))
    shapes = [levels.levels[row[4]] for row in rows]
    expected = [Sequence(*row[:4], level.layers, level.units, level.index) for row, level in zip(rows, shapes, strict=True)]
    judge = Judge(model, levels, capacity, block, step_tokens, max_sequences)
    judge.run(expected)
    replica, served, done = serve([replace(s) for s in expected], model, levels, capacity, block, step_tokens, max_sequences)
    for want, got in zip(expected, served, strict=True):
        assert got.first_token_s == pytest.approx(want.first_token_s, rel=1e-9, abs=0)
        assert done[got.index] == pytest.approx(want.done_s, rel=1e-9, abs=0)
        assert got.preempted == want.preempted
        assert got.generated_tokens == got.output_tokens
    assert replica.busy_s == pytest.approx(judge.busy_s, rel=1e-9)
    assert replica.step == judge.steps
    # nothing is left behind, and every second of work is charged to somebody
    assert replica.used(replica.step) == replica.held == replica.queued_tokens == replica.outstanding == 0
    assert replica.kv_units == replica.decoding == 0
    assert not replica.running
    assert not replica.waiting
    assert sum(r.gpu_s for r in served) == pytest.approx(replica.busy_s, rel=1e-9)
    assert sum(r.lost_gpu_s for r in served) == pytest.approx(replica.lost_s, rel=1e-9, abs=1e-15)


def test_events_do_not_grow_with_tokens():
    """A prompt and an answer a hundred times as long cost no more events."""
    fired = []
    for factor in (1, 100):
        rows = [Sequence(i, i * 50.0, 300 * factor, 200 * factor, LAYERS, 32, 0) for i in range(20)]
        replica, _, done = serve(rows, affine(UNIT_S), profile(False), 10**9, 16, 256, 8)
        assert len(done) == 20
        fired.append(replica.clock.fired)
    assert fired[1] <= fired[0] + 20  # a long prompt adds one event: full chunks, then its last one
