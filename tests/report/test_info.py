"""The numbers behind the figures, against plain pandas on the same tables."""

import numpy as np
import pandas as pd
import pytest

from cloudsim.report.budget import STEPS, budget_info
from cloudsim.report.cost import cost_info
from cloudsim.report.fleet_timeline import fleet_info, lanes
from cloudsim.report.hardware import hardware_info, hardware_section
from cloudsim.report.latency import QUANTILES, latency_info
from cloudsim.report.over_time import MOST_BINS, Band, TimeGrid, codes
from cloudsim.report.sla_over_time import axis_start, sla_info

NAMES = ["l2a", "static_dense", "on_demand"]
TIERS = ["premium", "standard", "free"]


def test_codes_follow_the_given_order_not_that_of_the_categories():
    column = pd.Series(["b", "a", "x", None], dtype=pd.CategoricalDtype(["a", "b", "x"]))
    assert codes(column, ["b", "a"]).tolist() == [0, 1, -1, -1]
    assert codes(column, ["x", "b", "a"]).tolist() == [1, 2, 0, -1]


def test_sla_over_time_is_met_over_ended_in_each_bin(folder):
    grid = TimeGrid(folder.timeline, NAMES)
    bands = {band.contender: band for band in sla_info(grid)}
    assert list(bands) == NAMES
    assert len(grid.minute) <= MOST_BINS
    every = round(grid.width_s[0] / 30)
    rows = folder.timeline[folder.timeline.contender == "static_dense"].copy()
    rows["bin"] = (rows.time_s.round() // 30 - 1).astype(int) // every
    sums = rows.groupby(["bin", "replication"])[["met_sla", "missed"]].sum()
    share = (sums.met_sla / (sums.met_sla + sums.missed)).unstack()
    np.testing.assert_allclose(bands["static_dense"].mean, share.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(bands["static_dense"].low, share.min(axis=1), rtol=1e-12)
    np.testing.assert_allclose(bands["static_dense"].high, share.max(axis=1), rtol=1e-12)


@pytest.mark.parametrize(("lowest", "start"), [(0.3, 0), (0.5, 0.5), (0.93, 0.9), (0.999, 0.99), (1.0, 0.99), (0.0, 0)])
def test_sla_axis_starts_below_every_value(lowest, start):
    values = np.array([1.0, np.nan, lowest])
    assert axis_start([Band("a", values, values, values)]) == start


def test_latency_curves_hold_completed_requests_only(folder):
    curves = {(c.contender, c.tier, c.latency): c for c in latency_info(folder.request_parts, NAMES, TIERS)}
    assert len(curves) == 3 * 4 * 3
    mine = folder.requests[(folder.requests.contender == "on_demand") & (folder.requests.tier == "free")]
    done = mine[mine.status == "completed"]
    curve = curves["on_demand", "free", "ttft_s"]
    np.testing.assert_allclose(curve.quantiles_s, np.quantile(done.first_token_s - done.arrival_s, QUANTILES), rtol=1e-12)
    assert curve.completed == len(done)
    assert sum(curve.left_out.values()) == len(mine) - len(done)
    assert "one token" not in curve.left_out
    everyone = folder.requests[(folder.requests.contender == "on_demand") & (folder.requests.status == "completed")]
    several = everyone[everyone.generated_tokens > 1]
    tpot = (several.done_s - several.first_token_s) / (several.generated_tokens - 1)
    np.testing.assert_allclose(curves["on_demand", None, "tpot_s"].quantiles_s, np.quantile(tpot, QUANTILES), rtol=1e-12)


def test_percentiles_equal_the_summary_of_a_single_replication():
    from tests.report.synthetic import run_folder

    folder = run_folder(contenders=("l2a",), replications=1, requests=500)
    curves = {c.latency: c for c in latency_info(folder.request_parts, ["l2a"], TIERS) if c.tier is None}
    for latency in ("ttft", "tpot", "e2e"):
        curve = curves[f"{latency}_s"]
        median = np.interp(0.5, QUANTILES, curve.quantiles_s)
        assert median == pytest.approx(folder.summary["contenders"]["l2a"][f"{latency}_p50_s"]["mean"], rel=0.02)


def test_budget_shares_of_reduced_contenders_add_up(folder):
    shares = budget_info(folder.request_parts, NAMES, TIERS)
    assert {item.contender for item in shares} == {"l2a"}
    rows = folder.requests[(folder.requests.contender == "l2a") & (folder.requests.tier == "free") & folder.requests.budget.notna()]
    free = next(item for item in shares if item.tier == "free")
    assert free.requests == len(rows)
    assert free.mean == pytest.approx(rows.budget.astype(float).mean(), rel=1e-9)
    for step in range(STEPS):
        low, high = (np.float32(step / STEPS + 1e-4), np.float32((step + 1) / STEPS + 1e-4))
        assert free.share[step] == pytest.approx(((rows.budget > low) & (rows.budget <= high)).mean())


def test_lanes_are_reused_and_never_overlap():
    assert lanes(np.array([0.0, 0.0, 5.0, 6.0, 6.0]), np.array([5.0, 9.0, 7.0, 8.0, 9.0])) == [0, 1, 0, 2, 3]
    rng = np.random.default_rng(1)
    starts = np.sort(rng.uniform(0, 100, 200))
    ends = starts + rng.exponential(10, 200)
    taken = np.array(lanes(starts, ends))
    for lane in set(taken):
        assert (ends[taken == lane][:-1] <= starts[taken == lane][1:]).all()
    most = max(((starts <= at) & (ends > at)).sum() for at in starts)
    assert taken.max() + 1 == most


def test_fleet_phases_cover_the_life_of_each_node(folder):
    runs = fleet_info(folder.nodes, folder.changes, NAMES, range(3))
    assert [(run.contender, run.replication) for run in runs] == [(name, r) for name in NAMES for r in range(3)]
    for run in runs:
        mine = folder.nodes[(folder.nodes.contender == run.contender) & (folder.nodes.replication == run.replication)]
        assert (run.nodes, run.reclaimed, run.hidden) == (len(mine), (mine.end_reason == "reclaimed").sum(), 0)
        drawn = sum(part.length_min.sum() for part in run.phases.values())
        assert drawn == pytest.approx((mine.ended_s - mine.requested_s).sum() / 60)
        assert len(run.phases["notice"].node) == mine.noticed_s.notna().sum()
        assert [len(run.marks[name].node) for name in ("shrunk", "crashed", "restarted")] == [1, 1, 1]
        bar = run.phases["ready"]
        [lane] = bar.lane[bar.node == run.marks["crashed"].node[0]]
        assert run.marks["crashed"].lane == [lane]
        assert run.marks["crashed"].text == ["90% of the memory taken, 0% of the layers stay"]
        assert sum(zone.lanes for zone in run.zones) == max(part.lane.max(initial=-1) for part in run.phases.values()) + 1


def test_big_fleet_says_how_many_nodes_it_hides(folder):
    one = folder.nodes[(folder.nodes.contender == "l2a") & (folder.nodes.replication == 0)].iloc[:1]
    many = pd.concat([one] * 5000, ignore_index=True).assign(node=range(5000))
    run = fleet_info(many, folder.changes, ["l2a"], [0])[0]
    assert run.nodes == 5000
    assert len(run.phases["ready"].node) == 5000 - run.hidden <= 600


def test_hardware_counts_are_those_of_the_changes(folder):
    info = hardware_info(folder.changes, folder.summary)
    assert [(row.contender, row.replication) for row in info.itertuples()] == [(name, r) for name in NAMES for r in range(3)]
    assert (info[["shrunk", "crashed", "restarted"]] == 1).all(axis=None)
    assert (info["reloading"] == 0).all()
    assert (info["down_s"] == 61).all()
    evicted = folder.requests.groupby(["contender", "replication"], observed=True).preempted.sum()
    assert [evicted[row.contender, row.replication] for row in info.itertuples()] == info["evicted"].tolist()
    assert info["evicted"].gt(0).all()
    figure = hardware_section(info, TimeGrid(folder.timeline, NAMES)).figures[0]
    assert figure.table.count("<tr") == len(info) + 1


def test_cost_classes_are_those_of_the_summary(folder):
    for bill in cost_info(folder.summary):
        metrics = folder.summary["contenders"][bill.contender]
        assert bill.usd == {kind: metrics[f"{kind}_usd"]["mean"] for kind in ("useful", "idle", "starting", "lost", "transfer")}
        assert bill.total == pytest.approx(metrics["cost_usd"]["mean"])
