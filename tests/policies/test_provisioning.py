"""What each provisioning policy promises."""

from collections import Counter

import pytest

from cloudsim.contracts import Launch, Terminate
from policies.provisioning.on_demand import OnDemand
from policies.provisioning.spot_spread import SpotSpread
from policies.provisioning.spot_with_fallback import SpotWithFallback
from tests.policies.views import cluster

SPOT = ("p", "a", "spot")


def launches(plan, market):
    return [one for one in plan if isinstance(one, Launch) and one.market == market]


def test_on_demand_fills_every_pool_and_spreads():
    plan = OnDemand().plan(cluster({"large": 3, "small": 2}, [("large", "a", "on_demand")]))
    assert Counter(one.pool for one in launches(plan, "on_demand")) == {"large": 2, "small": 2}
    assert len(plan) == 4
    assert {zone for one in plan for zone in one.zones} == {"a", "b", "c"}


def test_on_demand_is_content_with_its_target():
    assert not OnDemand().plan(cluster({"p": 1}, [("p", "a", "on_demand")]))


def test_spot_spread_asks_the_emptiest_then_the_cheapest_zone_first():
    plan = SpotSpread(60, False).plan(cluster({"p": 4}, [SPOT], {"a": 1.0, "b": 3.0, "c": 2.0}))
    assert [one.zones[0] for one in plan] == ["c", "b", "a"]
    assert all(sorted(one.zones) == ["a", "b", "c"] and one.market == "spot" for one in plan)


def test_spot_spread_leaves_a_zone_alone_that_refused():
    state = {"refused_s": {"a": 50.0, "b": 30.0}, "now_s": 100.0}
    assert SpotSpread(60, False).plan(cluster({"p": 1}, **state))[0].zones == ["b", "c"]
    assert "a" in SpotSpread(50, False).plan(cluster({"p": 1}, **state))[0].zones
    assert not SpotSpread(1000, False).plan(cluster({"p": 1}, refused_s=dict.fromkeys("abc", 50.0)))


def test_spot_spread_asks_every_zone_at_time_zero():
    assert len(SpotSpread(60, False).plan(cluster({"p": 1}, now_s=0.0))[0].zones) == 3


def test_spot_spread_replaces_on_a_hint_only_if_told():
    hinted = cluster({"p": 1}, [(*SPOT, True, True)])
    assert len(SpotSpread(60, True).plan(hinted)) == 1
    assert not SpotSpread(60, False).plan(hinted)


def test_fallback_over_provisions_spot_and_bridges_with_on_demand():
    plan = SpotWithFallback(1, 60, False).plan(cluster({"p": 2, "unused": 0}))
    assert len(launches(plan, "spot")) == 3
    assert len(launches(plan, "on_demand")) == 2
    assert {one.pool for one in plan} == {"p"}


def test_fallback_gives_the_bridge_back_once_spot_is_ready():
    bridge = ("p", "a", "on_demand")
    starting, ready = ("p", "b", "spot", False, False), ("p", "c", "spot", True, False)
    policy = SpotWithFallback(0, 60, False)
    assert not policy.plan(cluster({"p": 1}, [bridge, starting]))  # kept while spot starts
    assert policy.plan(cluster({"p": 1}, [bridge, ready])) == [Terminate(0)]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: SpotSpread(-1, False), "retry_s"),
        (lambda: SpotWithFallback(-1, 60, False), "extra"),
        (lambda: SpotWithFallback(1, -1, False), "retry_s"),
    ],
)
def test_impossible_settings_are_refused(make, word):
    with pytest.raises(ValueError, match=word):
        make()
