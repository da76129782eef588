"""Provisioning with the market known: it is as good as it can be, and says that it knows."""

import numpy as np
import pytest

from cloudsim.contracts import Foresight
from cloudsim.errors import ConfigError
from cloudsim.metrics.summary import metrics
from cloudsim.simulation import simulate
from policies.provisioning.lifetime_oracle import LifetimeOracle
from policies.provisioning.milp_bound import MilpBound
from tests.cluster.scenario import contender, preset, small, words
from tests.policies.views import cluster
from traces.tables import ZoneSeries

ROWS = [(at / 2, 300, 100) for at in range(200)]


def series(zone, changes):
    time_s, capacity, price = zip(*changes, strict=True)
    return ZoneSeries(zone, "r", np.array(time_s, float), np.array(capacity, np.int64), np.array(price, float))


def told(policy, market, horizon_s=1000.0, cold_start_s=0.0, warm=True, arrivals_s=()):
    zones = {zone: series(zone, changes) for zone, changes in market.items()}
    policy.foresee(Foresight(horizon_s, 10.0, cold_start_s, warm, 3.0, zones, np.array(arrivals_s, float)))
    return policy


def bill(policy, market, horizon_s, step_s, target):
    """What a policy's plans hold, step by step, taking every launch for granted: (spot by zone, on demand)."""
    nodes, rows = {}, []
    for now_s in np.arange(0.0, horizon_s, step_s):
        view = [(kept[0], kept[1], kept[2]) for kept in nodes.values()]
        keys = list(nodes)
        for one in policy.plan(cluster({"p": target}, view, dict.fromkeys(market, 1.0), now_s)):
            if hasattr(one, "node"):
                del nodes[keys[one.node]]
            else:
                nodes[len(nodes) + 1000 * int(now_s + 1)] = (one.pool, one.zones[0], one.market)
        rows.append(sorted((zone, kind) for _, zone, kind in nodes.values()))
    return rows


def test_the_lifetime_oracle_asks_where_the_next_instance_lives_longest():
    policy = told(LifetimeOracle(60), {"a": [(0, 1, 1), (500, 0, 1)], "b": [(0, 2, 1), (300, 1, 1)], "c": [(0, 0, 1)]})
    assert policy.plan(cluster({"p": 1}))[0].zones == ["b", "a", "c"]
    assert [one.zones[0] for one in policy.plan(cluster({"p": 3}))] == ["b", "a", "b"]


def test_the_bound_holds_what_is_cheapest_and_leaves_before_the_capacity_does():
    market = {"a": [(0, 1, 1), (500, 0, 1)], "b": [(0, 1, 2)]}
    rows = bill(told(MilpBound(100.0), market), market, 1000, 100, 1)
    assert rows == [[("a", "spot")]] * 4 + [[("b", "spot")]] * 6  # the step that ends as a's capacity does is not a's any more


def test_the_bound_has_an_instance_ready_before_the_other_is_lost():
    market = {"a": [(0, 1, 1), (500, 0, 1)], "b": [(0, 1, 2.9)]}
    rows = bill(told(MilpBound(100.0), market, cold_start_s=150.0), market, 1000, 100, 1)
    assert rows[:2] == [[("a", "spot")]] * 2
    assert rows[2:4] == [[("a", "spot"), ("b", "spot")]] * 2
    assert rows[4:] == [[("b", "spot")]] * 6


def test_the_bound_buys_on_demand_only_where_spot_is_not_enough():
    market = {"a": [(0, 2, 1), (300, 1, 1), (600, 2, 1)], "b": [(0, 9, 4)]}
    rows = bill(told(MilpBound(100.0), market), market, 1000, 100, 2)
    assert [sum(kind == "on_demand" for _, kind in row) for row in rows] == [0, 0, 1, 1, 1, 1, 0, 0, 0, 0]


def test_the_bound_follows_the_arrivals_where_it_is_told_what_an_instance_serves():
    arrivals = [*np.arange(0.5, 400, 1.0), *np.arange(400.1, 600, 0.2), *np.arange(600.5, 1000, 1.0)]
    rows = bill(told(MilpBound(100.0, 1.0), {"a": [(0, 9, 1)]}, arrivals_s=arrivals), {"a": 1}, 1000, 100, 2)
    assert [len(row) for row in rows] == [1] * 4 + [5] * 2 + [1] * 4


@pytest.mark.parametrize(("step_s", "instance_rps"), [(0, None), (10, 0), (float("nan"), None)])
def test_impossible_settings_of_the_bound_are_refused(step_s, instance_rps):
    with pytest.raises(ValueError, match="must be above 0"):
        MilpBound(step_s, instance_rps)


def test_in_a_run_the_bound_is_never_reclaimed_and_costs_less_than_spreading():
    market = {"a-1a": [(0.0, 2, 1.0), (60.0, 0, 1.0), (90.0, 2, 1.0)], "b-1a": [(0.0, 2, 1.5), (40.0, 1, 1.5)]}
    cost = {}
    for name, changes in (("milp_bound", {"step_s": 10}), ("spot_spread", {"retry_s": 0}), ("on_demand", {})):
        parts = contender({"large": ("qwen3-4b", None, 2)}, provisioning=preset("provisioning", name) | changes)
        config = small(parts, ROWS, market, provider__notice_s=5.0)
        tables = simulate(config, "one", 0)
        cost[name] = metrics(tables.requests, tables.nodes, config.duration_s, list(config.tiers))["cost_usd"]
        assert ("reclaimed" in words(tables.nodes["end_reason"])) == (name == "spot_spread")
    assert cost["milp_bound"] < cost["on_demand"]


class Nosy:
    oracle = ("lottery",)

    def plan(self, cluster):
        return []


def test_an_oracle_that_wants_to_know_what_is_not_there_is_told_so():
    parts = contender({"large": ("qwen3-4b", None, 2)}, provisioning={"_target_": f"{__name__}.Nosy"})
    with pytest.raises(ConfigError, match=r"Nosy\.oracle names lottery; accepted: market, arrivals"):
        simulate(small(parts, ROWS, {"a-1a": [(0.0, 1, 1.0)]}), "one", 0)
