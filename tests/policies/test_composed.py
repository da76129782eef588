"""Routers composed of parts, as they ship."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.components import create
from cloudsim.config import Component
from policies.routing.composed import Composed
from policies.routing.parts import session
from policies.routing.parts.any_one import AnyOne
from policies.routing.parts.elsewhere import Elsewhere
from policies.routing.parts.lower_of_two import LowerOfTwo
from policies.routing.parts.lowest import Lowest
from policies.routing.parts.memory_used import MemoryUsed
from policies.routing.parts.not_hinted import NotHinted
from policies.routing.parts.outstanding import Outstanding
from policies.routing.parts.price import Price
from policies.routing.parts.session import Session
from policies.routing.parts.tokens_left import TokensLeft
from tests.cluster.scenario import preset
from tests.policies.views import Fleet, Replica, Request, fleet


def router(name, **changes):
    return create(Component.model_validate(preset("routing", name) | changes), "routing")


def chosen(policy, *replicas, request=None, **state):
    """Which of the replicas, by position, the policy takes."""
    row = [Replica(index, **one) for index, one in enumerate(replicas)]
    return policy.route(request or Request(), Fleet({"large": row}, **state)).index


def picks(policy, count, *outstanding):
    view = fleet(*outstanding)
    return [policy.route(Request(index), view).index for index in range(count)]


def test_random_takes_everyone_equally_often_whatever_the_load_and_the_same_with_the_same_seed():
    found = picks(router("random"), 6000, 90, 0, 3)
    assert all(abs(count - 2000) < 150 for count in Counter(found).values())  # four standard errors
    assert picks(router("random"), 6000, 90, 0, 3) == found
    assert picks(router("random", pick=preset("routing", "random")["pick"] | {"seed": 1}), 6000, 90, 0, 3) != found


def test_power_of_two_takes_the_less_busy_of_two_different_replicas():
    found = Counter(picks(router("power_of_two"), 9000, 5, 4, 3, 2))
    # Of the six pairs the busiest wins none, the next one, then two, then three.
    assert [found[index] / 9000 for index in range(4)] == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6], abs=0.02)
    assert picks(router("power_of_two"), 3, 7) == [0, 0, 0]


def test_power_of_two_asks_the_price_of_two_only():
    asked = []
    LowerOfTwo(0).pick(list(range(1000)), lambda replica: asked.append(replica) or replica)
    assert len(set(asked)) == 2


def test_least_tokens_counts_prompts_and_answers():
    policy = router("least_tokens")
    assert chosen(policy, {"outstanding": 3}, {"outstanding": 2, "queued_tokens": 3000}) == 1  # 600 against 400 + 180 tokens
    assert chosen(policy, {"outstanding": 3}, {"outstanding": 2, "queued_tokens": 3500}) == 0
    assert chosen(policy, {"outstanding": 3}, {"outstanding": 2, "queued_tokens": 3500}, output_tokens_mean=300.0) == 1


def test_least_kv_takes_the_replica_with_the_most_free_memory():
    assert chosen(router("least_kv"), {"free": 0.2}, {"free": 0.9, "outstanding": 99}, {"free": 0.8}) == 1


def test_shortest_expected_completion_weighs_the_first_token_against_the_rest():
    policy, soon, fast = router("shortest_expected_completion"), {"first_s": 0.1, "token_s": 0.02}, {"first_s": 1.0, "token_s": 0.01}
    assert chosen(policy, soon, fast, output_tokens_mean=50.0) == 0
    assert chosen(policy, soon, fast, output_tokens_mean=100.0) == 1


def test_locality_and_price_trades_zone_and_price_against_load():
    policy = router("locality_and_price")
    near, far = {"zone": "us-east-2a", "outstanding": 8}, {"zone": "us-west-2a", "outstanding": 1}
    assert chosen(policy, near, far) == 0
    assert chosen(policy, near | {"outstanding": 10}, far) == 1
    dear, cheap = {"price_usd_per_h": 2.0}, {"price_usd_per_h": 1.0, "outstanding": 5}
    assert chosen(policy, dear, cheap) == 1
    assert chosen(policy, dear, cheap | {"outstanding": 7}) == 0
    assert chosen(router("locality_and_price", weights={"elsewhere": 0.0, "price": 0.0}), near, far) == 1


def test_not_hinted_keeps_off_hinted_nodes_while_there_are_others():
    policy = router("not_hinted")
    assert chosen(policy, {"hinted": True}, {"outstanding": 50}, {"outstanding": 40}) == 2
    assert chosen(policy, {"hinted": True, "outstanding": 2}, {"hinted": True, "outstanding": 1}) == 1


def test_filters_follow_one_another_and_one_that_leaves_nobody_is_passed_over():
    class InWest:
        def keep(self, request, replica, fleet):
            return replica.zone == "west"

    policy = Composed(Lowest(), {"load": Outstanding()}, filters={"west": InWest(), "safe": NotHinted()})
    rows = [{"zone": "east"}, {"zone": "west", "hinted": True}, {"zone": "west", "outstanding": 9}]
    assert chosen(policy, *rows) == 2
    assert chosen(policy, *rows[:2]) == 1  # no west replica is safe
    assert chosen(policy, {"zone": "east", "outstanding": 1}, {"zone": "east", "hinted": True}) == 0


SCORES = {"load": Outstanding(), "memory": MemoryUsed(), "price": Price(), "zone": Elsewhere(["us"])}
ROW = st.lists(
    st.builds(Replica, outstanding=st.integers(0, 50), free=st.floats(0, 1), price_usd_per_h=st.floats(0, 5), zone=st.sampled_from("ux")),
    min_size=1, max_size=8,
)  # fmt: skip


@given(row=ROW, weights=st.dictionaries(st.sampled_from(list(SCORES)), st.floats(-3, 3)), count=st.integers(0, 4))
def test_the_price_is_the_weighted_sum_of_any_number_of_scores(row, weights, count):
    scores = dict(list(SCORES.items())[:count])
    weights = {name: weight for name, weight in weights.items() if name in scores}
    found = Composed(Lowest(), scores, weights).route(Request(), Fleet({"large": row}))

    def price(replica):
        return sum(weights.get(name, 1.0) * part.score(Request(), replica, Fleet()) for name, part in scores.items())

    assert price(found) == pytest.approx(min(map(price, row)))


def test_it_observes_what_its_parts_do():
    policy = Composed(LowerOfTwo(0), {"load": TokensLeft(1.0), "zone": Elsewhere(["us"])}, filters={"safe": NotHinted()})
    assert policy.observes == (
        "fleet.output_tokens_mean", "fleet.ready", "replica.hinted", "replica.outstanding", "replica.queued_tokens", "replica.zone",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"pick": Outstanding()}, "pick is .* method pick"),
        ({"pick": AnyOne(0), "scores": {"load": Lowest()}}, "scores.load is .* method score"),
        ({"pick": AnyOne(0), "filters": {"safe": "yes"}}, "filters.safe is 'yes'"),
        ({"pick": Lowest(), "scores": {"load": Outstanding()}, "weights": {"lod": 2.0}}, "weights names lod, .* scores: load"),
        ({"pick": Lowest(), "scores": {"load": Outstanding()}, "weights": {"load": float("inf")}}, "weights.load is inf"),
    ],
)
def test_it_refuses_what_is_no_part(arguments, told):
    with pytest.raises(ValueError, match=told):
        Composed(**arguments)


@pytest.mark.parametrize(
    ("make", "told"),
    [(lambda: Elsewhere([]), "zones is"), (lambda: Elsewhere("us"), "zones is 'us'"), (lambda: TokensLeft(0), "prompt_token is 0")],
)
def test_parts_refuse_impossible_settings(make, told):
    with pytest.raises(ValueError, match=told):
        make()


def test_a_conversation_stays_with_the_replica_of_its_last_turn_unless_that_is_overloaded():
    policy = router("session_affinity")
    rows = [{"outstanding": 3}, {"outstanding": 0}, {"outstanding": 4}]
    turn = Request(conversation=7, turn=2)
    assert chosen(policy, *rows, request=turn) == 1  # nobody has served it yet
    rows[1]["outstanding"], rows[2]["outstanding"] = 4, 0
    assert chosen(policy, *rows, request=turn) == 1
    assert chosen(policy, *rows, request=Request(conversation=8)) == 2
    assert chosen(policy, *rows, request=Request()) == 2
    rows[1]["outstanding"] = 5
    assert chosen(policy, *rows, request=turn) == 2
    rows[1]["outstanding"], rows[2]["outstanding"] = 0, 3
    assert chosen(policy, *rows, request=turn) == 2  # which has it now
    assert chosen(policy, {"outstanding": 2}, request=turn) == 0  # the one that had it has gone


def test_only_so_many_conversations_are_remembered(monkeypatch):
    monkeypatch.setattr(session, "MOST_CONVERSATIONS", 2)
    part = Session()
    for number in (1, 2, 1, 3, -1):
        part.chose(Request(conversation=number), Replica(5))
    assert [part.score(Request(conversation=number), Replica(0), None) for number in (1, 2, 3, -1)] == [1.0, 0.0, 1.0, 0.0]


def test_a_request_goes_where_most_of_its_prompt_is_kept_unless_that_is_overloaded():
    policy = router("prefix_affinity")
    assert chosen(policy, {"outstanding": 1}, {"cached": 1600, "outstanding": 2}, {"cached": 500, "outstanding": 1}) == 1
    assert chosen(policy, {"outstanding": 1}, {"cached": 1600, "outstanding": 3}, {"cached": 500, "outstanding": 1}) == 2
    assert chosen(policy, {"outstanding": 1}, {"cached": 1600, "outstanding": 9}, {"cached": 500, "outstanding": 2}) == 0
