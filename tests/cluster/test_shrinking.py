"""Memory that is taken from running engines, and GPUs that are lost, felt by models that can shrink and by those that cannot."""

from itertools import pairwise

import numpy as np
import pytest

from cloudsim.cluster.pool import build_pool
from cloudsim.cluster.residency import Residences
from tests.cluster.scenario import contender, small, words
from tests.property.observed import simulate_watched

MARKET = {"a-1a": [(0.0, 8, 1.0)]}
STEADY = [(at / 5, 400, 300) for at in range(500)]
ELASTIC, INDEPENDENT, STATIC = "qwen3-4b-l2a", "qwen3-4b-l2a-independent", None


def run(elastic, changes, rows=STEADY, nodes=1, **settings):
    parts = contender({"large": ("qwen3-4b", elastic, nodes)}, budget="full", provisioning="on_demand")
    listed = [(time_s, [taken] * 4 if isinstance(taken, float) else taken) for time_s, taken in changes]
    hardware = {"_target_": "tests.cluster.scenario.Listing", "changes": listed}
    config = small(parts, rows, MARKET, hardware=hardware, engine__max_model_tokens=2048, **settings)
    tables, watch = simulate_watched(config)
    return config, tables, watch, list(zip(words(tables.changes["change"]), tables.changes["time_s"].tolist(), strict=True))


def test_a_static_model_evicts_where_little_memory_is_left_and_crashes_where_none_is():
    """Weights (8.0 GB) and reserve (5.3 GB) are 28 % of an L40S, so that with 70 % taken 1.1 GB are left for KV, and with 72 % nothing."""
    _, tables, _, changes = run(STATIC, [(0, 0.0), (20, 0.7)])
    assert [name for name, _ in changes] == ["shrunk"]
    assert tables.requests["preempted"].sum() > 10
    assert (tables.requests["retries"] == 0).all()

    _, tables, watch, changes = run(STATIC, [(0, 0.0), (20, 0.9), (50, 0.0)])
    names = [name for name, _ in changes]
    assert names == ["crashed", "restarting", "restarted"]
    crashed_s, restarting_s, restarted_s = (time_s for _, time_s in changes)
    assert (crashed_s, restarting_s) == (20, 50)
    assert restarted_s - restarting_s == pytest.approx(tables.changes["takes_s"][1])
    weights_bytes = 4.02e9 * 2
    assert tables.changes["takes_s"][1] == pytest.approx(weights_bytes / 8e9 + 3.0, rel=0.01)
    assert tables.requests["retries"].max() == 1
    assert tables.requests["lost_gpu_s"].sum() > 0
    first, done = tables.requests["first_token_s"], tables.requests["done_s"]
    assert not ((first > crashed_s + 0.1) & (first < restarted_s)).any()
    assert not ((done > crashed_s + 0.1) & (done < restarted_s)).any()
    [node] = watch.fleet.nodes
    assert tables.nodes["starting_gpu_s"][0] == pytest.approx(restarted_s - restarting_s)
    assert len(node.crashed) == len(node.replicas) == 1


def test_an_elastic_model_goes_leaner_keeps_serving_and_loads_its_layers_again():
    _, tables, watch, changes = run(ELASTIC, [(0, 0.0), (20, 0.74), (50, 0.0)], engine__reload_bytes_per_s=1e9)
    assert [name for name, _ in changes] == ["shrunk", "grown", "reloading", "grown"]
    depth, seconds = tables.changes["depth"], tables.changes["takes_s"]
    assert depth[0] < 0.8
    assert depth[-1] == 1.0
    layers_bytes = (1 - depth[0]) * 36 * 100_933_632 * 2  # of Qwen3-4B: 36 layers of 100.9 million weights in two bytes
    assert seconds[2] == pytest.approx(layers_bytes / 1e9, rel=0.01)
    assert changes[3][1] == pytest.approx(50 + seconds[2])
    requests = tables.requests
    assert (requests["retries"] == 0).all()
    assert watch.fleet.nodes[0].crashed == []
    # who ran at full depth then is computed anew at what is left, and so is whoever comes until the layers are back
    done, dispatched = requests["done_s"], requests["dispatched_s"]
    leaner = requests["depth"] < 1
    assert leaner[(dispatched > 20.2) & (dispatched < changes[3][1] - 0.2)].all()
    assert not leaner[(done < 20) | (dispatched > changes[3][1] + 0.2)].any()
    met = (dispatched < 20) & (done > 21)
    assert met.any()
    assert leaner[met].all()
    assert (requests["lost_gpu_s"][met] > 0).all()
    assert not np.isnan(done).any()


def test_where_each_sequence_skips_layers_of_its_own_none_can_leave():
    _, tables, _, changes = run(INDEPENDENT, [(0, 0.0), (20, 0.74)])
    assert changes[0][0] == "crashed"
    assert tables.changes["kv_tokens"][0] == 0


def test_a_lost_gpu_stops_a_group_until_the_model_fits_on_fewer():
    two = {"fleet__instance": "aws_g6e_12xlarge", "engine__tensor_parallel": 2}
    one_gone = [(0, 0.0), (20, [0.0, 1.0, 0.0, 0.0]), (60, 0.0)]
    _, tables, watch, changes = run(STATIC, one_gone, **two)
    assert [name for name, _ in changes] == ["crashed", "restarting", "restarted", "crashed", "restarting", "restarted"]
    assert tables.changes["gpus"].tolist() == [1, 1, 1, 2, 2, 2]
    assert (tables.changes["place"] == 0).all()  # the group of the other two GPUs is left alone
    assert [replica.gpus for replica in watch.fleet.nodes[0].crashed] == [2, 1]
    slow, fast = (watch.fleet.nodes[0].crashed[at].latency.decode_run(8, 36, 8 * 36, 0, 8 * 288)[0] for at in (1, 0))
    assert slow > fast


def test_nothing_changes_for_nodes_under_notice():
    parts = contender({"large": ("qwen3-4b", STATIC, 1)}, notice="finish")
    hardware = {"_target_": "tests.cluster.scenario.Listing", "changes": [(0, [0.0] * 4), (35, [0.9] * 4)]}
    market = {"a-1a": [(0.0, 1, 1.0), (30.0, 0, 1.0)]}
    tables, _ = simulate_watched(small(parts, STEADY, market, hardware=hardware, provider__notice_s=20.0))
    assert len(tables.changes["time_s"]) == 0
    assert words(tables.nodes["end_reason"]) == ["reclaimed"]


def test_what_is_taken_from_the_start_is_felt_from_the_start():
    _, tables, _, changes = run(ELASTIC, [(0, 0.74)], warm_start=True)
    assert changes == [("shrunk", 0.0)]
    assert (tables.requests["depth"] < 1).all()


@pytest.mark.parametrize("elastic", [ELASTIC, STATIC])
def test_residency_never_grows_as_more_is_taken(elastic):
    parts = contender({"large": ("qwen3-4b", elastic, 1)})
    config = small(parts, STEADY, MARKET, engine__max_model_tokens=2048)
    pool = build_pool("large", config.contenders["one"].pools["large"], config)
    residences = Residences(pool, config)
    found = [residences.find([taken]) for taken in np.linspace(0, 1, 101).tolist()]
    assert found[0] == residences.whole
    assert found[10] == residences.whole  # the tenth that the engine leaves free anyhow
    there = [one is not None for one in found]
    assert there == sorted(there, reverse=True)
    living = [one for one in found if one is not None]
    assert all(later.level.index >= before.level.index for before, later in pairwise(living))
    assert all(later.weights_bytes <= before.weights_bytes for before, later in pairwise(living))
    total = pool.memory.usable_bytes - pool.memory.reserve_bytes
    for taken, one in zip(np.linspace(0, 1, 101).tolist(), found, strict=True):
        if one is not None:
            kv_bytes = one.capacity / pool.profile.levels[0].units * 16 * pool.memory.kv_bytes_per_token
            assert one.weights_bytes + kv_bytes <= total - max(0.0, taken - 0.1) * pool.instance.gpu_memory_bytes + 1
