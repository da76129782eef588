"""Whatever a fleet looks like: plans keep to the targets and leave a zone alone that has refused; what scales keeps to its bounds."""

from collections import Counter
from dataclasses import replace
from math import nan

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cloudsim.components import create
from cloudsim.config import Component
from cloudsim.contracts import Foresight, Launch, Terminate
from tests.cluster.scenario import preset
from tests.policies.views import cluster, load
from traces.tables import ZoneSeries

ZONES = ("a", "b", "c", "d")
POOLS = ("p", "q")
SPOT_ONLY = ("spot_spread", "cheapest", "even_spread", "round_robin_zones", "rebalance_driven", "availability_learning", "lifetime_oracle")
SCALING = ("reactive", "target_utilisation", "hpa_like", "scheduled", "forecast", "oracle_arrivals")
NOW_S, RETRY_S = 1000.0, 60.0


def made(kind, name, **changes):
    entry = preset(kind, name)
    policy = create(Component.model_validate(entry | {key: value for key, value in changes.items() if key in entry}), kind)
    if hasattr(policy, "oracle"):
        market = {zone: ZoneSeries(zone, "r", np.zeros(1), np.array([3]), np.ones(1)) for zone in ZONES}
        policy.foresee(Foresight(4000.0, 15.0, 300.0, True, 3.0, market, np.arange(0.0, 4000.0, 0.5)))
    return policy


@st.composite
def clusters(draw, markets=("spot", "on_demand")):
    """Two pools in four zones, some of which have refused."""
    node = st.tuples(
        st.sampled_from(POOLS), st.sampled_from(ZONES), st.sampled_from(markets), st.booleans(), st.booleans(), st.integers(0, 9)
    )  # fmt: skip
    record = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.floats(0, 1e5))
    refused = st.dictionaries(st.sampled_from(ZONES), st.floats(NOW_S - 2 * RETRY_S, NOW_S))
    targets = {pool: draw(st.integers(0, 5)) for pool in POOLS}
    prices = {zone: draw(st.sampled_from([0.5, 1.0, 2.0, 4.0])) for zone in ZONES}
    records = {zone: draw(record) for zone in ZONES}
    return cluster(targets, draw(st.lists(node, max_size=12)), prices, NOW_S, draw(refused), records)


def after(view, plan):
    """Instances by pool and market once all launches are granted; the terminated ones must exist, each once."""
    ended = [one.node for one in plan if isinstance(one, Terminate)]
    assert len(set(ended)) == len(ended)
    assert set(ended) <= {node.index for node in view.nodes}
    kept = [(node.pool, node.market) for node in view.nodes if node.index not in ended]
    return Counter([*kept, *((one.pool, one.market) for one in plan if isinstance(one, Launch))])


@given(clusters(), st.sampled_from([*SPOT_ONLY, "price_cap", "spot_hedge"]))
def test_a_zone_that_refused_is_left_alone(view, name):
    plan = made("provisioning", name, retry_s=RETRY_S).plan(view)
    for one in plan:
        if isinstance(one, Launch) and one.market == "spot":
            assert one.zones
            assert all(NOW_S - view.refused_s.get(zone, -NOW_S) >= RETRY_S for zone in one.zones)


@given(clusters(("on_demand",)))
def test_an_on_demand_fleet_has_exactly_its_targets(view):
    found = after(view, made("provisioning", "on_demand").plan(view))
    assert {pool: found[pool, "on_demand"] for pool in POOLS} == view.targets


@given(clusters(("spot",)), st.sampled_from([*SPOT_ONLY, "price_cap", "spot_hedge"]))
def test_with_every_launch_granted_the_fleet_has_its_targets_or_waits_for_zones(view, name):
    """Never more spot than the targets and the extra; exactly as many where nothing has refused and no price is too high."""
    view = replace(view, nodes=[replace(node, hinted=False) for node in view.nodes])
    found = after(view, made("provisioning", name, retry_s=RETRY_S, cap=0.5).plan(view))
    for pool, target in view.targets.items():
        wanted = target + (1 if name == "spot_hedge" and target else 0)
        assert found[pool, "spot"] <= wanted
        if not view.refused_s and (name != "price_cap" or all(price <= 1.5 for price in view.spot_price_usd_per_h.values())):
            assert found[pool, "spot"] == wanted


@given(clusters())
def test_spot_hedge_bridges_with_exactly_what_its_rule_says(view):
    found = after(view, made("provisioning", "spot_hedge", extra=2).plan(view))
    for pool, target in view.targets.items():
        ready = sum(node.market == "spot" and node.pool == pool and node.ready for node in view.nodes)
        assert found[pool, "on_demand"] == (min(target, max(0, target + 2 - ready)) if target else 0)


@given(clusters(), st.floats(0.1, 1.5))
def test_no_instance_is_asked_for_or_kept_above_the_bid(view, cap):
    plan = made("provisioning", "price_cap", cap=cap).plan(view)
    ended = {one.node for one in plan if isinstance(one, Terminate)}
    most = cap * view.on_demand_usd_per_h
    assert all(view.spot_price_usd_per_h[zone] <= most for one in plan if isinstance(one, Launch) for zone in one.zones)
    assert all(node.index in ended or node.price_usd_per_h <= most for node in view.nodes if node.market == "spot")


@given(
    st.sampled_from(SCALING), st.integers(0, 4), st.integers(0, 6),
    st.lists(st.tuples(st.floats(0, 200), st.integers(0, 9), st.integers(0, 500), st.floats(0, 1), st.booleans()), min_size=1, max_size=20),
)  # fmt: skip
def test_targets_stay_within_their_bounds(name, least, more, intervals):
    policy = made("scaling", name, least=least, most=least + more)
    target, rates = least + more // 2, []
    for at, (rate, ready, outstanding, utilisation, known) in enumerate(intervals):
        seen = {"ready": ready, "outstanding": outstanding, "queued_tokens": outstanding, "utilisation": utilisation}
        view = load(15.0 * at, rates, outstanding % 7, p=seen | {"request_s": 0.5 if known else nan})
        target = policy.targets(view, cluster({"p": target}))["p"]
        assert type(target) is int
        assert least <= target <= least + more
        rates.append(rate)
