"""What each scheduling policy promises."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudsim.clock import Clock
from cloudsim.serving.replica import Replica
from cloudsim.serving.request import Request
from policies.scheduling.fair_share import FairShare
from policies.scheduling.fcfs import FCFS
from policies.scheduling.least_slack import LeastSlack
from policies.scheduling.mlfq import MLFQ
from policies.scheduling.predicted_srpt import PredictedSRPT
from policies.scheduling.priority import Priority
from policies.scheduling.q_learning import RULES, QLearning
from policies.scheduling.revealed_srpt import RevealedSRPT
from policies.scheduling.srpt import SRPT
from tests.latency.models import affine
from tests.policies import views
from tests.serving.test_engine_against_judge import UNIT_S, asked, profile

PLENTY = 10**9
ALL = (
    FCFS(), Priority(), SRPT(16), PredictedSRPT(16), RevealedSRPT(16), LeastSlack(1.0), MLFQ(16, 4, 50, 1.0), FairShare(1.0, 2.0),
    QLearning(0.1, 0.9, 0.1, 0),
)  # fmt: skip


def serve(policy, rows, places=1, capacity=PLENTY, step_tokens=256):
    """Serve rows of (arrival_s, prompt, output, further attributes); returns the requests with `done_s` by index."""
    clock, done, full = Clock(), {}, profile(False).levels[0]
    replica = Replica(
        clock, affine(UNIT_S), profile(False), capacity, 16, step_tokens, places,
        lambda request: done.__setitem__(request.index, clock.now), 0, "pool", "model", SimpleNamespace(index=0), 1, full, views.TIERS,
        asked(policy, clock),
    )  # fmt: skip
    requests = []
    for index, (arrival_s, prompt, output, more) in enumerate(rows):
        request = Request(index, arrival_s, prompt, output, more.pop("reasoning", 0), more.pop("tier", 1), 0.5, output)
        request.level = request.token_level = full
        for name, value in more.items():
            setattr(request, name, value)
        requests.append(request)
    clock.run_with(iter(requests), replica.submit, 1e9)
    assert replica.outstanding == replica.held == 0
    return requests, done


def order_of(done):
    return sorted(done, key=done.get)


def flow_s(requests, done):
    return np.mean([done[request.index] - request.arrival_s for request in requests])


BUSY = (0.0, 50, 100, {})  # occupies the one place while the others come


def test_fcfs_serves_in_the_order_of_coming():
    _, done = serve(FCFS(), [BUSY, *((0.001, 10, tokens, {"tier": tokens % 3}) for tokens in (90, 10, 50))])
    assert order_of(done) == [0, 1, 2, 3]


def test_priority_serves_strict_tiers_first_and_lets_running_requests_be():
    _, done = serve(Priority(), [(0.0, 50, 100, {"tier": 2}), *((0.001, 10, 10, {"tier": tier}) for tier in (2, 1, 0, 2, 0))])
    assert order_of(done) == [0, 3, 5, 2, 1, 4]


def test_priority_preempts_the_laxest_tier_where_blocks_run_out():
    rows = [(0.0, 160, 150, {"tier": tier}) for tier in (0, 2, 1)]
    requests, done = serve(Priority(), rows, places=3, capacity=45 * 32, step_tokens=1024)
    assert [request.preempted > 0 for request in requests] == [False, True, False]
    assert order_of(done)[-1] == 1


@pytest.mark.parametrize("kind", [SRPT, PredictedSRPT])
def test_short_answers_go_first_and_long_ones_give_way(kind):
    rows = [(0.0, 10, 2000, {}), *((0.001, 10, tokens, {}) for tokens in (300, 20, 100))]
    requests, done = serve(kind(16), rows)
    assert order_of(done) == [2, 3, 1, 0]
    assert [request.preempted for request in requests] == [1, 0, 0, 0]
    served_in_turn = serve(FCFS(), [(*row[:3], {}) for row in rows])
    assert flow_s(requests, done) < 0.6 * flow_s(*served_in_turn)


def test_a_running_request_is_not_disturbed_within_its_quantum():
    requests, done = serve(SRPT(5000), [(0.0, 10, 2000, {}), (0.001, 10, 20, {})])
    assert order_of(done) == [0, 1]
    assert requests[0].preempted == 0


def test_predictions_are_believed_even_when_wrong():
    rows = [BUSY, (0.001, 10, 400, {"output_tokens_seen": 5}), (0.001, 10, 10, {"output_tokens_seen": 500})]
    requests, done = serve(PredictedSRPT(16), rows)
    assert order_of(done) == [1, 0, 2]
    assert requests[1].preempted == 0  # it outlived its prediction, and counts as about to end


def test_only_the_operation_under_way_is_known():
    """One reasons briefly and answers at length, the other the other way round."""
    def rows():
        return [BUSY, (0.001, 10, 1010, {"reasoning": 10}), (0.001, 10, 101, {"reasoning": 100})]

    assert order_of(serve(SRPT(500), rows())[1]) == [0, 2, 1]
    requests, done = serve(RevealedSRPT(500), rows())
    assert requests[1].first_token_s < requests[2].first_token_s
    assert order_of(done) == [0, 2, 1]  # the answer shows its length when it begins, and the other one takes over
    assert requests[1].preempted == 1
    assert RevealedSRPT(500).quantum_tokens(views.Request(generated_tokens=97, reasoning_tokens=100), None) == 3


def test_least_slack_serves_who_has_to_begin_soonest():
    _, done = serve(LeastSlack(1.0), [BUSY, *((0.001, 10, 50, {"tier": tier}) for tier in (2, 0, 1))])
    assert order_of(done) == [0, 2, 3, 1]


def test_least_slack_counts_the_work_that_is_left():
    policy, replica = LeastSlack(1.0), views.Replica(token_s=0.01)
    short, long = (views.Request(output_tokens_seen=tokens, generated_tokens=1) for tokens in (100, 1000))
    assert policy.rank(short, replica) - policy.rank(long, replica) == pytest.approx(900 * 0.01)


def test_who_cannot_be_in_time_goes_last():
    policy, replica = LeastSlack(1.0), views.Replica(now_s=100.0)
    late, later, in_time = (views.Request(arrival_s=arrival_s, generated_tokens=1) for arrival_s in (20.0, 30.0, 99.0))
    assert policy.rank(in_time, replica) < policy.rank(late, replica) < policy.rank(later, replica)


@pytest.mark.parametrize(
    ("prompt", "generated", "queue", "left"),
    [(10, 0, 0, 32), (10, 31, 0, 1), (10, 32, 1, 64), (10, 96, 2, 128), (10, 96 + 128 + 100, 2, 28), (2000, 0, 1, 64), (99999, 5, 2, 123)],
)
def test_queues_follow_the_prompt_and_what_was_generated(prompt, generated, queue, left):
    policy, request = MLFQ(32, 3, 50, 10.0), views.Request(input_tokens=prompt, generated_tokens=generated)
    assert policy.rank(request, views.Replica()) == queue
    assert policy.quantum_tokens(request, views.Replica()) == left


def stream():
    """A long answer, and short ones that fill the place for ever after."""
    alone_s = serve(FCFS(), [(0.0, 10, 20, {})])[1][0]
    return [(0.0, 10, 600, {}), *((0.001 + index * alone_s * 0.98, 10, 20, {}) for index in range(300))]


def test_short_answers_overtake_long_ones_in_the_queues():
    requests, done = serve(MLFQ(32, 6, 50, 1e9), stream())
    assert order_of(done)[-1] == 0
    assert flow_s(requests, done) < 0.3 * flow_s(*serve(FCFS(), stream()))


def test_who_starves_is_promoted():
    starved_s = serve(MLFQ(32, 6, 50, 1e9), stream())[1][0]
    requests, done = serve(MLFQ(32, 6, 50, starved_s / 20), stream())
    assert done[0] < 0.6 * starved_s
    # it uses up to five quanta, and waits no longer than that many times the limit, and the time of the quanta
    assert done[0] < 6 * starved_s / 20 + serve(FCFS(), [(0.0, 10, 600, {})])[1][0] + 6 * 32 * starved_s / 600
    assert len(requests) == len(done)


def tenants(rows):
    return [(at, prompt, output, {"tenant": tenant}) for at, prompt, output, tenant in rows]


def test_tenants_get_even_shares_however_much_they_ask_for():
    crowd = [(0.001, 20, 30, 0)] * 60 + [(0.002, 20, 30, 1)] * 20
    _, done = serve(FairShare(1.0, 2.0), tenants([(0.0, 20, 100, 2), *crowd]), places=2)
    first = [index for index in order_of(done) if index][:40]
    assert sum(index > 60 for index in first) in range(18, 22)  # of the smaller one
    _, done = serve(FCFS(), tenants([(0.0, 20, 100, 2), *crowd]), places=2)
    assert not any(index > 60 for index in order_of(done)[:40])


def test_generated_tokens_count_against_a_tenant():
    rows = [(0.001, 10, 100, 0)] * 10 + [(0.001, 10, 20, 1)] * 50
    _, done = serve(FairShare(1.0, 2.0), tenants([(0.0, 20, 100, 2), *rows]))
    first = [index for index in order_of(done) if index][:24]
    long = sum(index <= 10 for index in first)
    assert 3 <= long <= 5  # one long answer for about five short ones
    _, done = serve(FairShare(1.0, 0.0), tenants([(0.0, 20, 100, 2), *rows]))
    assert sum(index <= 10 for index in [index for index in order_of(done) if index][:18]) in (8, 9, 10)


def test_a_tenant_earns_no_credit_while_it_is_idle():
    alone_s = serve(FCFS(), [(0.0, 20, 30, {})])[1][0]
    late_s = 50 * alone_s
    rows = [(0.001, 20, 30, 0)] * 100 + [(late_s, 20, 30, 1)] * 40
    _, done = serve(FairShare(1.0, 2.0), tenants(rows))
    after = [index for index in order_of(done) if done[index] > late_s + alone_s][:20]
    assert sum(index >= 100 for index in after) in range(9, 13)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 80), st.integers(0, 2)), min_size=20, max_size=50), st.integers(1, 4))
def test_backlogged_tenants_are_apart_by_no_more_than_the_papers_bound(rows, places):
    """Counters of tenants that wait differ by at most 2·max(longest prompt, weight of a full batch)."""
    policy = FairShare(1.0, 2.0)
    bound = 2 * max(200, 2 * 80 * places)
    observe, widest = policy.observe, []

    def watched(replica):
        observe(replica)
        waiting = {request.tenant for request in replica.waiting}
        counters = [policy._counters[0][tenant] for tenant in waiting]
        widest.append(max(counters) - min(counters))

    policy.observe = watched
    requests, done = serve(policy, tenants([(0.0, *row) for row in rows]), places)
    assert len(done) == len(requests)
    assert max(widest, default=0) <= bound


def test_the_learner_finds_the_rule_that_empties_the_queue():
    """In a queue where one rule halves what is outstanding and the others do not, it comes to pick that one."""
    best = RULES.index("shortest_predicted")
    policy = QLearning(learning_rate=0.2, discount=0.5, explore=0.2, seed=1)
    replica = views.Replica(outstanding=20, waiting=[views.Request()] * 9)
    request, chosen = views.Request(output_tokens_seen=77, arrival_s=1e6), []
    for at in range(2000):
        replica.now_s = float(at)
        policy.observe(replica)
        good = policy.rank(request, replica) == 77
        chosen.append(good)
        replica.waiting = [views.Request()] * (3 if good else 30)
        replica.outstanding = 10 if good else 40
    assert best == 1
    assert np.mean(chosen[:50]) < 0.8 < np.mean(chosen[-500:])


def test_the_learner_repeats_itself():
    rows = [(index * 0.002, 20, 10 + index * 37 % 90, {"tier": index % 3}) for index in range(100)]
    runs = [serve(QLearning(0.1, 0.9, 0.5, seed), [(*row[:3], dict(row[3])) for row in rows])[1] for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("policy", ALL, ids=lambda policy: type(policy).__name__)
@settings(max_examples=40)
@given(data=st.data())
def test_every_request_is_served_once_however_scarce_memory_and_places_are(policy, data):
    rows = data.draw(st.lists(st.tuples(st.floats(0, 0.2), st.integers(1, 300), st.integers(1, 150)), min_size=1, max_size=30))
    rows = [
        (*row, {"tier": index % 3, "tenant": index % 4, "reasoning": row[2] // 2, "output_tokens_seen": 1 + index * 31 % 200})
        for index, row in enumerate(sorted(rows))
    ]
    capacity = 32 * max(-(-(prompt + output) // 16) for _, prompt, output, _ in rows)
    capacity = int(capacity * data.draw(st.sampled_from([1.0, 1.5, 4.0])))
    requests, done = serve(policy, rows, data.draw(st.integers(1, 6)), capacity)
    assert sorted(done) == list(range(len(rows)))
    assert all(request.generated_tokens == request.output_tokens for request in requests)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: SRPT(0), "quantum is 0"),
        (lambda: PredictedSRPT(0), "quantum is 0"),
        (lambda: RevealedSRPT(-1), "quantum is -1"),
        (lambda: LeastSlack(0), "slack is 0"),
        (lambda: MLFQ(0, 3, 50, 1), "quantum is 0"),
        (lambda: MLFQ(32, 0, 50, 1), "queues is 0"),
        (lambda: MLFQ(32, 3, 0, 1), "prompt_tokens_per_token is 0"),
        (lambda: MLFQ(32, 3, 50, 0), "starvation_s is 0"),
        (lambda: FairShare(-1, 2), "input_weight is -1"),
        (lambda: FairShare(0, 0), "input_weight is 0"),
        (lambda: QLearning(0, 0.9, 0.1, 0), "learning_rate is 0"),
        (lambda: QLearning(0.1, 1.0, 0.1, 0), "discount 1.0"),
        (lambda: QLearning(0.1, 0.9, 2, 0), "explore 2"),
        (lambda: QLearning(0.1, 0.9, 0.1, -1), "seed is -1"),
    ],
)
def test_impossible_settings_are_refused(make, told):
    with pytest.raises(ValueError, match=told):
        make()
