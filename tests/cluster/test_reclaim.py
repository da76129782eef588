"""What the market does to nodes: grants, hints, notices, reclaims, and prices."""

import numpy as np
import pytest

from cloudsim.simulation import simulate
from tests.cluster.scenario import contender, preset, small, words

ROWS = [(at / 2, 300, 100) for at in range(200)]


def nodes(market, instances=2, provisioning="spot_spread", **changes):
    policy = preset("provisioning", provisioning) | {"retry_s": 0}
    parts = contender({"large": ("qwen3-4b", None, instances)}, provisioning=policy)
    return simulate(small(parts, ROWS, market, **changes), "one", 0).nodes


@pytest.mark.parametrize("notice_s", [0.0, 30.0, 120.0])
def test_a_drop_is_noticed_and_reclaimed_after_the_notice(notice_s):
    table = nodes({"a-1a": [(0.0, 2, 1.0), (40.0, 1, 1.0)]}, provider__notice_s=notice_s)
    gone = ~np.isnan(table["noticed_s"])
    assert gone.sum() == 1
    assert table["noticed_s"][gone][0] == 40.0
    assert table["ended_s"][gone][0] == 40.0 + notice_s
    assert [reason == "reclaimed" for reason in words(table["end_reason"])] == gone.tolist()


def test_a_zone_grants_no_more_than_it_has():
    table = nodes({"a-1a": [(0.0, 2, 1.0)], "b-1a": [(0.0, 1, 1.0), (60.0, 2, 1.0)]}, instances=9)
    requested = table["requested_s"]
    assert (requested == 0).sum() == 3
    assert ((requested >= 60) & (requested <= 65)).sum() == 1
    assert len(requested) == 4


def test_a_slot_is_free_again_when_its_holder_has_notice_and_the_capacity_returns():
    table = nodes({"a-1a": [(0.0, 1, 1.0), (30.0, 0, 1.0), (40.0, 1, 1.0)]}, instances=1, provider__notice_s=100.0)
    assert table["requested_s"].tolist() == [0.0, 40.0]
    assert table["ended_s"][0] == 130.0


def test_hints_precede_the_notice_and_may_bring_a_replacement():
    market = {"a-1a": [(0.0, 1, 1.0), (60.0, 0, 1.0)], "b-1a": [(0.0, 1, 1.0)]}
    hints = {"provider__notice_s": 10.0, "provider__rebalance_lead_s": 25.0}
    table = nodes(market, 1, provider__rebalance_share=1.0, **hints)
    # the only instance may live in either zone; the cheapest of equals is the first by name
    assert words(table["zone"])[0] == "a-1a"
    assert table["hinted_s"][0] == 35.0
    assert table["requested_s"][1] == 60.0
    assert nodes(market, 1, "rebalance_driven", provider__rebalance_share=1.0, **hints)["requested_s"][1] == 35.0
    assert np.isnan(nodes(market, 1, provider__rebalance_share=0.0, **hints)["hinted_s"]).all()


def test_a_node_that_is_not_ready_ends_at_once_and_pays_from_when_the_machine_ran():
    market = {"a-1a": [(0.0, 1, 3.6), (9.0, 0, 3.6)]}
    slow = {"warm_start": False, "startup__provision_min_s": 5.0, "startup__provision_max_s": 5.0, "startup__engine_start_s": 50.0}
    table = nodes(market, 1, provider__notice_s=30.0, **slow)
    assert table["ended_s"][0] == 9.0
    assert np.isnan(table["ready_s"][0])
    assert table["starting_gpu_s"][0] == pytest.approx(4.0)
    assert table["cost_usd"][0] == pytest.approx(0.004)
    early = nodes({"a-1a": [(0.0, 1, 3.6), (3.0, 0, 3.6)]}, 1, provider__notice_s=30.0, **slow)
    assert early["cost_usd"][0] == 0


def test_spot_prices_are_integrated():
    table = nodes({"a-1a": [(0.0, 1, 3.6), (50.0, 1, 36.0), (100.0, 1, 0.0)]}, 1)
    assert table["cost_usd"][0] == pytest.approx(50 * 0.001 + 50 * 0.01)


def test_every_contender_that_holds_the_same_slot_shares_its_fate():
    market = {"a-1a": [(0.0, 4, 1.0), (30.0, 3, 1.0), (60.0, 1, 1.0)]}
    fates = []
    for model in ("qwen3-4b", "qwen3-0.6b"):
        policy = preset("provisioning", "spot_spread") | {"retry_s": 1000}
        config = small(contender({"large": (model, None, 4)}, provisioning=policy), ROWS, market, provider__notice_s=0.0)
        fates.append(simulate(config, "one", 0).nodes["ended_s"].tolist())
    assert fates[0] == fates[1]
    assert sorted(fates[0]) == [30.0, 60.0, 60.0, 180.0]
