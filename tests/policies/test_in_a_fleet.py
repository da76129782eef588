"""What notice policies do to a running fleet."""

import numpy as np
import pytest

from cloudsim.simulation import simulate
from tests.cluster.scenario import contender, preset, small, words

ROWS = [(round(0.3 * at, 3), 400, 300) for at in range(120)]
# One of two instances goes at 20 s; it has notice (if any) from then on.
MARKET = {"a-1a": [(0.0, 1, 1.0), (20.0, 0, 1.0)], "b-1a": [(0.0, 1, 1.0)]}


def run(notice, notice_s, rows=ROWS, market=MARKET, **changes):
    pools = {"large": ("qwen3-4b", "qwen3-4b-l2a", 2)}
    parts = contender(pools, notice=notice, provisioning=preset("provisioning", "spot_spread") | {"retry_s": 1})
    changes = {"provider__notice_s": notice_s, "workload__reasoning_fraction": 1.0, "gateway__max_retries": 5} | changes
    return simulate(small(parts, rows, market, **changes), "one", 0)


def all_completed(tables):
    return set(words(tables.requests["status"])) == {"completed"}


def test_notice_of_zero_loses_the_memory_but_no_request():
    for notice in ("finish", "squeeze", "migrate", "recompute"):
        tables = run(notice, 0.0)
        assert all_completed(tables)
        assert tables.requests["retries"].sum() > 0
        assert tables.requests["migrations"].sum() == 0
        assert tables.nodes["lost_gpu_s"].sum() > 0
        again = tables.requests["retries"] > 0
        assert tables.requests["lost_gpu_s"][again].sum() > 0
        assert (tables.requests["lost_gpu_s"][~again] == 0).all()


def test_finish_serves_on_through_the_notice():
    tables = run("finish", 10.0)
    assert all_completed(tables)
    going = tables.nodes["end_reason"].codes == tables.nodes["end_reason"].words.index("reclaimed")
    [node] = tables.nodes["node"][going]
    on_it = tables.requests["node"] == node
    assert ((tables.requests["done_s"][on_it] > 20) & (tables.requests["done_s"][on_it] < 30)).any()
    assert (tables.requests["dispatched_s"][on_it] <= 20).all()  # but it takes nobody new
    assert tables.nodes["lost_gpu_s"].sum() == 0


def test_migrate_takes_the_memory_along():
    tables = run("migrate", 10.0)
    moved = tables.requests["migrations"] > 0
    assert moved.sum() > 3
    assert all_completed(tables)
    assert tables.nodes["lost_gpu_s"].sum() == 0
    assert (tables.requests["retries"][moved] == 0).all()
    [staying] = tables.nodes["node"][tables.nodes["ended_s"] == 180.0]
    assert (tables.requests["node"][moved] == staying).all()


def test_migrate_over_a_slow_network_does_not_pay():
    tables = run("migrate", 10.0, fleet__migration_bytes_per_s=1e5)
    assert tables.requests["migrations"].sum() == 0
    assert all_completed(tables)


def test_memory_that_does_not_get_out_in_time_is_computed_again():
    """One after the other the transfers fill the network; those that would end after the notice do not begin."""
    tables = run("migrate", 0.5, fleet__migration_bytes_per_s=3e8)
    assert all_completed(tables)
    assert tables.requests["migrations"].sum() > 0
    assert tables.requests["retries"].sum() > 0


def test_recompute_hands_back_what_would_not_finish():
    tables = run("recompute", 1.0)
    again = tables.requests["retries"] > 0
    assert again.sum() > 3
    assert all_completed(tables)
    assert tables.requests["lost_gpu_s"][again].sum() > 0
    assert tables.requests["migrations"].sum() == 0


def test_squeeze_shortens_the_answers_of_a_node_under_notice_and_of_no_other():
    rows = [(4.5 + at / 30, 400, 200) for at in range(12)]
    # An answer of mean length, 200 tokens, takes more than 2.4 s in a batch of six, one with the shortest reasoning less.
    tables = run("squeeze", 2.4, rows, {"a-1a": [(0.0, 1, 1.0), (5.0, 0, 1.0)], "b-1a": [(0.0, 1, 1.0)]})
    assert all_completed(tables)
    shortened = tables.requests["output_tokens"] < 200
    assert shortened.any()
    assert (~shortened).any()
    noticed = tables.nodes["node"][~np.isnan(tables.nodes["noticed_s"])]
    assert np.array_equal(np.isin(tables.requests["node"], noticed), shortened)
    assert (tables.requests["output_tokens"][shortened] == 200 - round(200 * (1 - 0.893))).all()
    assert tables.requests["tokens"][shortened] == pytest.approx(0.893)
    assert tables.requests["depth"][shortened] == pytest.approx(1.0)  # fixed for the life of a sequence


def test_calibrated_budget_trades_depth_for_time_under_load():
    rows = [(0.02 * at, 800, 200) for at in range(400)]
    budget = preset("budget", "l2a_calibrated") | {"queue_tokens": 8192, "headroom": 0.8}
    parts = contender({"large": ("qwen3-4b", "qwen3-4b-l2a", 1)}, budget=budget)
    calm, busy = [simulate(small(parts, load, {"b-1a": [(0.0, 1, 1.0)]}), "one", 0) for load in (rows[::100], rows)]
    assert np.nanmin(calm.requests["budget"]) == 1.0
    assert np.nanmin(busy.requests["budget"]) < 0.8
    assert np.nanmin(busy.requests["depth"]) < 0.75


def test_tiers_apart_keep_strict_promises_that_shared_batches_break():
    """A batch reads the layers of its deepest member: beside one free request at full depth, lean premium ones gain nothing."""
    rows = [(0.02 * at, 600, 250) for at in range(1500)]
    pace_s = []
    for routing in ("least_outstanding", "tier_bands"):
        parts = contender({"large": ("qwen3-4b", "qwen3-4b-l2a", 5)}, routing=routing, budget="l2a_calibrated")
        requests = simulate(small(parts, rows, {"b-1a": [(0.0, 5, 1.0)]}), "one", 0).requests
        assert set(words(requests["status"])) == {"completed"}
        premium = requests["tier"].codes == requests["tier"].words.index("premium")
        assert requests["depth"][premium].mean() < 0.7 < requests["depth"][~premium].mean()
        pace = (requests["done_s"] - requests["first_token_s"]) / (requests["output_tokens"] - 1)
        pace_s.append(np.quantile(pace[premium], 0.9))
    assert pace_s[1] < 0.9 * pace_s[0]


def test_deadline_rejects_under_overload_and_the_rest_is_faster():
    rows = [(0.02 * at, 1500, 100) for at in range(400)]
    first_s = []
    for admission in ("always", "deadline"):
        parts = contender({"large": ("qwen3-4b", None, 1)}, admission=admission)
        requests = simulate(small(parts, rows, {"b-1a": [(0.0, 1, 1.0)]}), "one", 0).requests
        assert ("rejected" in words(requests["status"])) == (admission == "deadline")
        first_s.append(np.nanmedian(requests["first_token_s"] - requests["arrival_s"]))
    assert first_s[1] < first_s[0] / 2
