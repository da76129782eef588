"""What each provisioning policy promises."""

from collections import Counter

import pytest

from cloudsim.contracts import Launch, Terminate
from policies.provisioning.availability_learning import AvailabilityLearning
from policies.provisioning.cheapest import Cheapest
from policies.provisioning.even_spread import EvenSpread
from policies.provisioning.on_demand import OnDemand
from policies.provisioning.price_cap import PriceCap
from policies.provisioning.rebalance_driven import RebalanceDriven
from policies.provisioning.round_robin_zones import RoundRobinZones
from policies.provisioning.spot_hedge import SpotHedge
from policies.provisioning.spot_spread import SpotSpread
from tests.policies.views import cluster

SPOT = ("p", "a", "spot")
BRIDGE = ("p", "a", "on_demand")


def launches(plan, market="spot"):
    return [one for one in plan if isinstance(one, Launch) and one.market == market]


def given(plan):
    return [one.node for one in plan if isinstance(one, Terminate)]


def first(plan):
    return [one.zones[0] for one in launches(plan)]


def test_on_demand_fills_every_pool_and_spreads():
    plan = OnDemand().plan(cluster({"large": 3, "small": 2}, [("large", "a", "on_demand")]))
    assert Counter(one.pool for one in launches(plan, "on_demand")) == {"large": 2, "small": 2}
    assert len(plan) == 4
    assert {zone for one in plan for zone in one.zones} == {"a", "b", "c"}


def test_on_demand_is_content_with_its_target():
    assert not OnDemand().plan(cluster({"p": 1}, [BRIDGE]))


def test_on_demand_gives_back_what_is_least_loaded():
    nodes = [(*BRIDGE, True, False, outstanding) for outstanding in (5, 0, 3)]
    assert given(OnDemand().plan(cluster({"p": 1}, nodes))) == [1, 2]


def test_spot_spread_asks_the_emptiest_then_the_cheapest_zone_first():
    plan = SpotSpread(60).plan(cluster({"p": 4}, [SPOT], {"a": 1.0, "b": 3.0, "c": 2.0}))
    assert first(plan) == ["c", "b", "a"]
    assert all(sorted(one.zones) == ["a", "b", "c"] and one.market == "spot" for one in plan)


def test_spot_spread_leaves_a_zone_alone_that_refused():
    state = {"refused_s": {"a": 50.0, "b": 30.0}, "now_s": 100.0}
    assert SpotSpread(60).plan(cluster({"p": 1}, **state))[0].zones == ["b", "c"]
    assert "a" in SpotSpread(50).plan(cluster({"p": 1}, **state))[0].zones
    assert not SpotSpread(1000).plan(cluster({"p": 1}, refused_s=dict.fromkeys("abc", 50.0)))


def test_spot_spread_asks_every_zone_at_time_zero():
    assert len(SpotSpread(60).plan(cluster({"p": 1}, now_s=0.0))[0].zones) == 3


def test_spot_spread_gives_back_what_starts_before_what_serves():
    nodes = [(*SPOT, True, False, 0), (*SPOT, False, False, 0), (*SPOT, True, False, 7)]
    assert given(SpotSpread(60).plan(cluster({"p": 2}, nodes))) == [1]
    assert given(SpotSpread(60).plan(cluster({"p": 0}, nodes))) == [1, 0, 2]


def test_of_equally_loaded_instances_the_dearest_is_given_back():
    prices = {"a": 1.0, "b": 3.0, "c": 2.0}
    nodes = [("p", zone, "spot") for zone in "abc"]
    assert given(SpotSpread(60).plan(cluster({"p": 2}, nodes, prices))) == [1]


def test_rebalance_driven_replaces_on_a_hint_and_drains_what_is_replaced():
    hinted, starting, ready = (*SPOT, True, True), ("p", "b", "spot", False, False), ("p", "b", "spot", True, False)
    assert len(launches(RebalanceDriven(60, True).plan(cluster({"p": 1}, [hinted])))) == 1
    assert not RebalanceDriven(60, True).plan(cluster({"p": 1}, [hinted, starting]))  # it serves until the other one does
    assert RebalanceDriven(60, True).plan(cluster({"p": 1}, [hinted, ready])) == [Terminate(0)]
    assert not RebalanceDriven(60, False).plan(cluster({"p": 1}, [hinted, ready]))
    assert not SpotSpread(60).plan(cluster({"p": 1}, [hinted]))


def test_cheapest_keeps_to_one_zone():
    plan = Cheapest(60).plan(cluster({"p": 3}, [], {"a": 2.0, "b": 1.0, "c": 3.0}))
    assert [one.zones for one in plan] == [["b", "a", "c"]] * 3


def test_price_cap_asks_and_keeps_only_below_the_bid():
    nodes = [("p", "a", "spot"), ("p", "b", "spot")]
    plan = PriceCap(0.5, 60).plan(cluster({"p": 3}, nodes, {"a": 1.0, "b": 1.6, "c": 1.5}, on_demand=3.0))
    assert given(plan) == [1]
    assert [one.zones for one in launches(plan)] == [["a", "c"]] * 2
    assert given(PriceCap(0.1, 60).plan(cluster({"p": 2}, nodes))) == [0, 1]


def test_even_spread_waits_in_the_zone_that_lost():
    nodes = [("p", "b", "spot"), ("p", "c", "spot")]
    assert [one.zones for one in EvenSpread(60).plan(cluster({"p": 3}, nodes))] == [["a"]]
    assert not EvenSpread(60).plan(cluster({"p": 3}, nodes, refused_s={"a": 90.0}))


def test_even_spread_gives_every_zone_its_share():
    plan = EvenSpread(60).plan(cluster({"p": 4, "q": 3}))
    assert Counter(one.zones[0] for one in plan) == {"a": 3, "b": 2, "c": 2}
    assert Counter(one.pool for one in plan) == {"p": 4, "q": 3}
    assert given(EvenSpread(60).plan(cluster({"p": 1}, [SPOT, ("p", "b", "spot")]))) == [1]


def test_round_robin_goes_to_the_next_zone_each_time():
    policy = RoundRobinZones(0)
    assert [one.zones for one in policy.plan(cluster({"p": 2}))] == [["a"], ["b"]]
    assert [one.zones for one in policy.plan(cluster({"p": 2}, [SPOT]))] == [["c"]]
    assert [one.zones for one in policy.plan(cluster({"p": 2}, [SPOT]))] == [["a"]]


def test_round_robin_passes_over_a_zone_that_refused_of_late():
    state = {"refused_s": {"a": 90.0, "b": 20.0}}
    assert [one.zones for one in RoundRobinZones(60).plan(cluster({"p": 3}, **state))] == [["b"], ["c"], ["b"]]
    assert not RoundRobinZones(60).plan(cluster({"p": 3}, refused_s=dict.fromkeys("abc", 90.0)))


def test_availability_learning_prefers_the_zone_that_grants_and_keeps():
    policy = AvailabilityLearning(3600.0, 0.0, 3600.0, 1.0, 60)
    refuses = {"a": (0, 9, 0, 0.0), "b": (5, 0, 0, 36000.0), "c": (5, 0, 0, 36000.0)}
    assert policy.plan(cluster({"p": 1}, records=refuses))[0].zones == ["b", "c", "a"]
    loses = {"a": (5, 0, 0, 36000.0), "b": (5, 0, 5, 3600.0), "c": (5, 0, 1, 36000.0)}
    assert policy.plan(cluster({"p": 1}, records=loses))[0].zones == ["a", "c", "b"]
    assert first(policy.plan(cluster({"p": 2}, records=loses))) == ["a", "c"]  # not all in one


def test_availability_learning_tries_what_it_does_not_know_if_told():
    records = {"a": (6, 2, 0, 0.0), "b": (0, 0, 0, 0.0), "c": (6, 2, 0, 0.0)}
    assert first(AvailabilityLearning(0.0, 0.0, 1.0, 1.0, 60).plan(cluster({"p": 1}, records=records))) == ["a"]
    assert first(AvailabilityLearning(0.0, 1.0, 1.0, 1.0, 60).plan(cluster({"p": 1}, records=records))) == ["b"]


def test_spot_hedge_over_provisions_spot_and_bridges_with_on_demand():
    plan = SpotHedge(1, 60).plan(cluster({"p": 2, "unused": 0}))
    assert len(launches(plan)) == 3
    assert len(launches(plan, "on_demand")) == 2
    assert {one.pool for one in plan} == {"p"}


@pytest.mark.parametrize(("ready", "bridges"), [(0, 3), (1, 3), (2, 2), (3, 1), (4, 0)])
def test_spot_hedge_falls_back_on_what_ready_spot_lacks_to_the_target_and_the_extra(ready, bridges):
    """min(N_Tar, N_Tar + N_Extra - S_r), with N_Tar = 3 and N_Extra = 1."""
    nodes = [("p", "a", "spot", at < ready, False) for at in range(4)]
    assert len(SpotHedge(1, 60).plan(cluster({"p": 3}, nodes))) == bridges
    plan = SpotHedge(1, 60).plan(cluster({"p": 3}, [*nodes, *[BRIDGE] * 3]))
    assert len(given(plan)) == 3 - bridges
    assert all(node >= 4 for node in given(plan))  # on-demand instances, not spot ones


def test_spot_hedge_asks_cheap_zones_it_does_not_use_first():
    plan = SpotHedge(0, 60).plan(cluster({"p": 2}, [SPOT], {"a": 1.0, "b": 3.0, "c": 2.0}))
    assert [one.zones for one in launches(plan)] == [["c", "b", "a"]]


def test_spot_hedge_leaves_a_zone_that_preempted_until_an_instance_there_is_ready():
    policy, starting = SpotHedge(0, 0), ("p", "a", "spot", False, False)
    lost = {"a": (2, 0, 1, 50.0)}
    assert all("a" not in one.zones for one in launches(policy.plan(cluster({"p": 2}, [starting], records=lost))))
    assert all("a" not in one.zones for one in launches(policy.plan(cluster({"p": 2}, [starting], records=lost))))
    assert "a" in launches(policy.plan(cluster({"p": 2}, [SPOT], records=lost)))[0].zones


def test_spot_hedge_opens_all_zones_when_fewer_than_two_are_left():
    policy = SpotHedge(0, 0)
    assert launches(policy.plan(cluster({"p": 1}, records={"a": (1, 1, 0, 0.0)})))[0].zones == ["b", "c"]
    assert launches(policy.plan(cluster({"p": 1}, records={"a": (1, 1, 0, 0.0), "b": (1, 0, 1, 0.0)})))[0].zones == ["a", "b", "c"]


def test_spot_hedge_gives_surplus_spot_back():
    assert len(given(SpotHedge(1, 60).plan(cluster({"p": 1}, [SPOT] * 4)))) == 2


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: SpotSpread(-1), "retry_s"),
        (lambda: Cheapest(float("nan")), "retry_s"),
        (lambda: SpotHedge(-1, 60), "extra"),
        (lambda: SpotHedge(1, -1), "retry_s"),
        (lambda: PriceCap(0, 60), "cap"),
        (lambda: AvailabilityLearning(-1, 0, 1, 1, 0), "horizon_s"),
        (lambda: AvailabilityLearning(1, 0, 0, 1, 0), "prior_s"),
    ],
)
def test_impossible_settings_are_refused(make, word):
    with pytest.raises(ValueError, match=word):
        make()
