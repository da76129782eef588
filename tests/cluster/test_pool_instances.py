"""Pools of one model on instances of different GPUs: each at its own price, step times, memory and power."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudsim.cluster.bill import CLASSES, USD_CLASSES
from cloudsim.errors import ConfigError
from cloudsim.metrics.summary import metrics
from cloudsim.models.power import find_power
from cloudsim.simulation import build_pools, simulate
from tests.cluster.scenario import contender, small, words

ON_DEMAND_USD = {"fast": 6.88, "usual": 2.6225, "slow": 0.805}
GPU = {"fast": "h100", "usual": "l40s", "slow": "l4"}
INSTANCES = {"fast": "aws_p5_4xlarge", "usual": None, "slow": "aws_g6_xlarge"}
MARKET = {"a-1a": [(0.0, 8, 1.3), (70.0, 2, 2.1)], "b-1a": [(0.0, 8, 0.9), (90.0, 8, 0.7)]}
ROWS = [(0.15 * at, 500, 200) for at in range(700)]


def mixed(instances=INSTANCES, **changes):
    parts = contender(dict.fromkeys(instances, ("qwen3-4b", "qwen3-4b-l2a", 2)), **changes.pop("policies", {}))
    for name, instance in instances.items():
        parts["pools"][name]["instance"] = instance
    return small(parts, ROWS, MARKET, **changes)


def test_each_pool_has_the_step_times_memory_and_power_of_its_own_gpu():
    pools = build_pools(mixed(), "one")
    assert {name: pool.instance.gpu for name, pool in pools.items()} == GPU
    token_s = [pools[name].latency.prompt_token_s(36.0) for name in ("fast", "usual", "slow")]
    assert token_s == sorted(set(token_s))
    assert pools["fast"].blocks > pools["usual"].blocks > pools["slow"].blocks
    for name, pool in pools.items():
        assert pool.power == find_power(GPU[name])
        assert pool.spot_ratio == pytest.approx(ON_DEMAND_USD[name] / ON_DEMAND_USD["usual"])
    scaled = [source for pool in pools.values() for source in pool.sources if source.name.startswith("spot price of")]
    assert [(source.name, str(source.provenance)) for source in scaled] == [
        ("spot price of aws_p5_4xlarge", "projected"), ("spot price of aws_g6_xlarge", "projected"),
    ]  # fmt: skip


def test_an_instance_with_another_number_of_gpus_would_not_be_fair():
    with pytest.raises(ConfigError, match=r"pools\.fast: instance aws_g6e_12xlarge has 4 GPUs and fleet.instance aws_g6e_l40s has 1"):
        build_pools(mixed({"fast": "aws_g6e_12xlarge"}), "one")


def paid_usd(changes, from_s, to_s):
    edges = [time_s for time_s, _, _ in changes] + [np.inf]
    pairs = zip(changes, edges[1:], strict=True)
    return sum(max(0.0, min(end_s, to_s) - max(start_s, from_s)) * price / 3600 for (start_s, _, price), end_s in pairs)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["on_demand", "spot_spread"]), st.sampled_from(["finish", "migrate", "recompute"]),
    st.sampled_from([0.0, 20.0]), st.booleans(), st.integers(0, 99),
)  # fmt: skip
def test_money_seconds_and_energy_are_conserved_on_every_gpu(provisioning, notice, notice_s, warm, seed):
    policies = {"provisioning": provisioning, "notice": notice}
    config = mixed(policies=policies, provider__notice_s=notice_s, warm_start=warm, seed=seed)
    tables = simulate(config, "one", 0)
    nodes, pools = tables.nodes, words(tables.nodes["pool"])
    assert set(pools) == set(INSTANCES)
    billed_s = np.nan_to_num(nodes["ended_s"] - nodes["billed_from_s"])
    assert nodes["billed_gpu_s"] == pytest.approx(billed_s * nodes["gpus"], abs=1e-6)
    assert sum(nodes[f"{name}_gpu_s"] for name in CLASSES) == pytest.approx(nodes["billed_gpu_s"], abs=1e-6)
    assert sum(nodes[f"{name}_usd"] for name in USD_CLASSES) == pytest.approx(nodes["cost_usd"], abs=1e-9)
    for at, (pool, market, zone) in enumerate(zip(pools, words(nodes["market"]), words(nodes["zone"]), strict=True)):
        begin, end = nodes["billed_from_s"][at], nodes["ended_s"][at]
        if np.isnan(begin):
            continue
        on_spot = paid_usd(MARKET[zone], begin, end) * ON_DEMAND_USD[pool] / ON_DEMAND_USD["usual"]
        price = on_spot if market == "spot" else (end - begin) * ON_DEMAND_USD[pool] / 3600
        assert nodes["cost_usd"][at] - nodes["transfer_usd"][at] == pytest.approx(price, abs=1e-9)
        power, seconds = find_power(GPU[pool]), nodes["billed_gpu_s"][at] * config.fleet.pue
        assert power.idle_w * seconds - 1e-3 <= nodes["energy_j"][at] <= power.nominal_w * seconds + 1e-3
    measured = metrics(tables.requests, nodes, config.duration_s, list(config.tiers))
    assert measured["arrived"] == len(ROWS)
