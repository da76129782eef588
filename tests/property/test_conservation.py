"""Nothing appears and nothing vanishes, whatever the market does: requests, KV blocks, GPU-seconds and money."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudsim.metrics.summary import metrics
from cloudsim.metrics.tables import STATUSES
from cloudsim.models.power import find_power
from tests.cluster.scenario import contender, preset, small, talking, words
from tests.property.observed import simulate_watched

EXAMPLES = 4000 if os.environ.get("CLOUDSIM_NIGHTLY") else 200
FLEETS = (
    {"large": ("qwen3-4b", "qwen3-4b-l2a")},
    {"large": ("qwen3-4b", "qwen3-4b-l2a-independent")},
    {"large": ("qwen3-4b", None)},
    {"large": ("qwen3-4b", "qwen3-4b-l2a"), "small": ("qwen3-0.6b", None)},
    {"large": ("qwen3-4b", None), "middle": ("qwen3-1.7b", None), "small": ("qwen3-0.6b", None)},
)
PROVISIONING = (
    "on_demand", "spot_spread", "spot_hedge", "even_spread", "round_robin_zones", "cheapest", "price_cap", "rebalance_driven",
    "availability_learning", "lifetime_oracle",
)  # fmt: skip
MOVER = {"_target_": "tests.cluster.scenario.Mover"}
REVIEWERS = ("cascade", "acar", "odar", {"_target_": "tests.policies.restless.Restless"})
EFFORT = {"_target_": "tests.policies.restless.Undecided"}
CLASSES = ("starting", "useful", "lost", "idle")


@st.composite
def markets(draw, horizon_s):
    """One to three zones; capacity and price change at random moments, sometimes in all zones at once."""
    storms = draw(st.lists(st.integers(1, int(horizon_s * 4)), max_size=2))
    zones = {}
    for name in draw(st.sampled_from([("a-1a",), ("a-1a", "a-1b"), ("a-1a", "a-1b", "b-1a")])):
        times = {0, *storms, *draw(st.lists(st.integers(1, int(horizon_s * 4)), max_size=6))}
        zones[name] = [
            (quarter / 4, 0 if quarter in storms else draw(st.integers(0, 4)), draw(st.sampled_from([0.0, 0.7, 1.3, 4.0])))
            for quarter in sorted(times)
        ]
    return zones


@st.composite
def hardware(draw, horizon_s):
    """Nothing, mostly; else memory that is taken and GPUs that are lost at random moments."""
    if draw(st.integers(0, 2)):
        return {"_target_": "traces.generators.sound_hardware.SoundHardware"}
    taken = st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1))
    times = {0, *draw(st.lists(st.integers(1, int(horizon_s * 4)), max_size=8))}
    return {
        "_target_": "tests.cluster.scenario.Listing",
        "changes": [(quarter / 4, draw(st.lists(taken, min_size=4, max_size=4))) for quarter in sorted(times)],
    }


@st.composite
def runs(draw):
    """A contender, its traffic, its market and its settings."""
    fleet = draw(st.sampled_from(FLEETS))
    pools = {name: (*kind, draw(st.integers(0 if at else 1, 3))) for at, (name, kind) in enumerate(fleet.items())}
    by_difficulty = preset("routing", "model_by_difficulty")
    by_difficulty |= {"thresholds": by_difficulty["thresholds"][-len(pools) :], "busy": [draw(st.integers(1, 9)) for _ in pools]}
    retry = {"retry_s": draw(st.sampled_from([0, 7, 60]))}
    provisioning = draw(st.sampled_from(PROVISIONING))
    scaling = draw(st.sampled_from([None, None, {"_target_": "tests.cluster.scenario.UpAndDown", "seed": draw(st.integers(0, 99))}]))
    parts = contender(
        pools,
        admission=draw(st.sampled_from(["always", "deadline"])),
        routing=draw(st.sampled_from(["round_robin", "least_outstanding", by_difficulty, *REVIEWERS])),
        budget=draw(st.sampled_from(["full", "fixed", "l2a_calibrated"])),
        provisioning=preset("provisioning", provisioning) | (retry if "retry_s" in preset("provisioning", provisioning) else {}),
        scaling=scaling,
        notice=draw(st.sampled_from(["finish", "squeeze", "migrate", "recompute", MOVER, MOVER])),
        scheduling=draw(st.sampled_from([None, "priority", "mlfq", "fair_share", "predicted_srpt"])),
        cache=draw(st.sampled_from([None, "lru", "lfu", "largest_first"])),
    )
    effort = draw(st.sampled_from([None, None, "mean_fraction", "value_tree", "deadline_cap", EFFORT]))
    parts["effort"] = preset("effort", effort) if isinstance(effort, str) else effort
    drain_s = draw(st.sampled_from([0.0, 30.0, 60.0]))
    gap_s = draw(st.sampled_from([0.0, 0.05, 0.5, 4.0]))
    longest = draw(st.sampled_from([(60, 20), (900, 300), (6000, 900)]))
    time_s, rows = 0.0, []
    for _ in range(draw(st.integers(1, 40))):
        time_s += gap_s * draw(st.floats(0, 2))
        session = draw(st.sampled_from([None, "a", "a", "b", "c"]))
        rows.append((min(time_s, 119.0), draw(st.integers(1, longest[0])), draw(st.integers(1, longest[1])), session))
    settings = {
        "drain_s": drain_s,
        "provider__notice_s": draw(st.sampled_from([0.0, 0.3, 5.0, 30.0, 120.0])),
        "provider__rebalance_lead_s": draw(st.sampled_from([0.0, 20.0])),
        "provider__rebalance_share": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "warm_start": draw(st.booleans()),
        "seed": draw(st.integers(0, 99)),
        "gateway__max_retries": draw(st.integers(0, 3)),
        "gateway__queue_timeout_s": draw(st.sampled_from([1.0, 20.0, 60.0])),
        "engine__memory_fraction": draw(st.sampled_from([0.28, 0.285, 0.9])),
        "engine__max_sequences": draw(st.sampled_from([1, 4, 256])),
        "engine__step_tokens": draw(st.sampled_from([300, 2048])),
        "engine__block_tokens": draw(st.sampled_from([1, 16])),
        "engine__max_model_tokens": draw(st.sampled_from([600, 16384])),
        "fleet__migration_bytes_per_s": draw(st.sampled_from([1e7, 2e8, 1e11])),
        **draw(
            st.sampled_from(
                [
                    {"fleet__instance": "aws_g6e_l40s"},
                    {"fleet__instance": "aws_g6e_12xlarge"},
                    {"fleet__instance": "aws_g6e_12xlarge", "engine__tensor_parallel": 2},
                    {"fleet__instance": "aws_g6e_12xlarge", "engine__tensor_parallel": 2, "engine__pipeline_parallel": 2},
                ]
            )
        ),
        "engine__reload_bytes_per_s": draw(st.sampled_from([1e8, 2.5e10])),
        "engine__resident_kv_share": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "hardware": draw(hardware(120 + drain_s)),
        "timeline_interval_s": 7.0,
        "traffic": talking(rows),
    }
    return small(parts, rows, draw(markets(120 + drain_s)), **settings)


def integral_usd(changes, from_s, to_s):
    """Price over an interval, second by second where it changes."""
    edges = [time for time, _, _ in changes] + [np.inf]
    total = 0.0
    for (start_s, _, price), end_s in zip(changes, edges[1:], strict=True):
        total += max(0.0, min(end_s, to_s) - max(start_s, from_s)) * price / 3600
    return total


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(runs())
def test_requests_blocks_seconds_and_money_are_conserved(config):
    tables, watch = simulate_watched(config)
    check_requests(config, tables)
    check_seconds(tables, watch)
    check_money(config, tables, watch)
    check_blocks(watch)
    check_service(config, tables)
    check_energy(config, tables, watch)
    measured = metrics(tables.requests, tables.nodes, config.duration_s, list(config.tiers))  # and the product's own audit agrees
    assert measured["arrived"] == sum(measured[status] for status in STATUSES)


def check_requests(config, tables):
    requests, arrived = tables.requests, config.traffic.arguments["rows"]
    assert requests["request"].tolist() == list(range(len(arrived)))
    assert requests["arrival_s"].tolist() == [row[0] for row in arrived]
    assert requests["input_tokens"].tolist() == [row[1] for row in arrived]
    status, reason = words(requests["status"]), words(requests["reason"])
    assert set(status) <= set(STATUSES)
    for one, why in zip(status, reason, strict=True):
        assert bool(why) == (one in ("rejected", "lost")), (one, why)
    assert tables.timeline["arrived"].sum() <= len(arrived)
    assert (requests["cached_tokens"] >= 0).all()
    assert (requests["cached_tokens"] < requests["input_tokens"]).all()
    if config.contenders["one"].cache is None:
        assert not requests["cached_tokens"].any()


def check_seconds(tables, watch):
    nodes, requests = tables.nodes, tables.requests
    billed = np.where(np.isnan(nodes["billed_from_s"]), 0.0, (nodes["ended_s"] - nodes["billed_from_s"]) * nodes["gpus"])
    assert nodes["billed_gpu_s"] == pytest.approx(billed, abs=1e-6)
    assert sum(nodes[f"{name}_gpu_s"] for name in CLASSES) == pytest.approx(nodes["billed_gpu_s"], abs=1e-6)
    for name in CLASSES:
        assert (nodes[f"{name}_gpu_s"] >= -1e-9).all()
    replicas = [replica for node in watch.fleet.nodes for replica in (*node.replicas, *node.crashed)]
    assert set(watch.cut_s) == set(replicas)
    cut = sum(seconds * replica.gpus for replica, seconds in watch.cut_s.items())
    taken = [one for one in replicas if one in one.node.crashed or one.node.end_reason == "reclaimed"]
    cut_lost = sum(seconds * replica.gpus for replica, seconds in watch.cut_s.items() if replica in taken)
    worked = nodes["useful_gpu_s"].sum() + nodes["lost_gpu_s"].sum()
    assert requests["gpu_s"].sum() + cut == pytest.approx(worked, abs=1e-6)
    assert requests["lost_gpu_s"].sum() + cut_lost == pytest.approx(nodes["lost_gpu_s"].sum(), abs=1e-6)
    assert (requests["lost_gpu_s"] <= requests["gpu_s"] + 1e-9).all()
    for replica in replicas:
        assert 0 <= replica.lost_s <= replica.busy_s + 1e-9
        assert replica.busy_s <= replica.node.ended_s - replica.node.ready_s + 1e-6


def check_money(config, tables, watch):
    nodes, changes = tables.nodes, config.spot.arguments["zones"]
    assert sum(nodes[f"{name}_usd"] for name in (*CLASSES, "transfer")) == pytest.approx(nodes["cost_usd"], abs=1e-9)
    on_demand = {"aws_g6e_l40s": 2.6225, "aws_g6e_12xlarge": 10.49}[config.fleet.instance]
    for at, (market, zone) in enumerate(zip(words(nodes["market"]), words(nodes["zone"]), strict=True)):
        begin, ready, end = (nodes[name][at] for name in ("billed_from_s", "ready_s", "ended_s"))
        if np.isnan(begin):
            assert nodes["cost_usd"][at] == 0
            continue
        series = changes[zone] if market == "spot" else [(0.0, 0, on_demand)]
        assert nodes["cost_usd"][at] - nodes["transfer_usd"][at] == pytest.approx(integral_usd(series, begin, end), abs=1e-9)
        started = integral_usd(series, begin, end if np.isnan(ready) else ready)
        again_s = sum(min(one.until_s, end) - one.from_s for one in watch.fleet.nodes[at].restarts)
        if again_s == 0:
            assert nodes["starting_usd"][at] == pytest.approx(started, abs=1e-9)
        else:
            assert nodes["starting_usd"][at] > started - 1e-9
    kv_gb = 36 * 8 * 2 * 128 * 2 * 8700 / 1e9  # of the longest request of the largest model, in three samples
    moved = nodes["transfer_usd"].sum()
    assert 0 <= moved <= tables.requests["migrations"].sum() * kv_gb * config.fleet.transfer_usd_per_gb
    assert moved == 0 or (len(changes) > 1 and tables.requests["migrations"].sum() > 0)
    spent = tables.timeline["spent_usd"]
    assert (np.diff(spent) >= -1e-12).all()
    assert not len(spent) or spent[-1] <= nodes["cost_usd"].sum() + 1e-9


def check_energy(config, tables, watch):
    """Every billed GPU-second draws between idle and nominal power, and steps draw what is not idle."""
    nodes, requests, pue = tables.nodes, tables.requests, config.fleet.pue
    power = find_power("l40s")
    billed = nodes["billed_gpu_s"]
    assert (nodes["energy_j"] >= billed * power.idle_w * pue * (1 - 1e-9) - 1e-6).all()
    assert (nodes["energy_j"] <= billed * power.nominal_w * pue * (1 + 1e-9) + 1e-6).all()
    busy = nodes["useful_gpu_s"] + nodes["lost_gpu_s"]
    steps_j = [node.step_w for node in watch.fleet.nodes] * busy
    assert nodes["energy_j"] == pytest.approx(steps_j + (billed - busy) * power.idle_w * pue, rel=1e-6, abs=1e-3)
    low, high = 0.85 * 392.8 / 3.6e6, 1.15 * 392.8 / 3.6e6
    assert (nodes["carbon_g"] >= nodes["energy_j"] * low * (1 - 1e-9)).all()
    assert (nodes["carbon_g"] <= nodes["energy_j"] * high * (1 + 1e-9)).all()
    assert ((requests["energy_j"] > 0) == (requests["gpu_s"] > 0)).all()
    for replica in [one for node in watch.fleet.nodes for one in (*node.replicas, *node.crashed)]:
        assert min(replica.decode_s) > -1e-9
        assert sum(replica.decode_s) <= replica.busy_s * (1 + 1e-9) + 1e-9


def check_blocks(watch):
    """At the end of its life a replica holds nothing but room for sequences whose KV was still on its way."""
    for node in watch.fleet.nodes:
        assert node.ended
        for replica in (*node.replicas, *node.crashed):
            assert replica.used(replica.step) == replica.held
            assert replica.kv_units == replica.decoding == 0
    assert not watch.gateway.pending
    assert not watch.gateway.moving


def check_service(config, tables):
    """Time stamps in order, answers whole, and nobody served by a node that was not there."""
    requests, nodes = tables.requests, tables.nodes
    status = np.array(words(requests["status"]))
    stamps = np.array([requests[name] for name in ("arrival_s", "dispatched_s", "first_token_s", "done_s")])
    for row in stamps.T:
        assert (np.diff(row[~np.isnan(row)]) >= -1e-9).all(), row
    completed, unfinished = status == "completed", status == "unfinished"
    assert not np.isnan(stamps[:, completed]).any()
    assert np.array_equal(np.isnan(stamps[3]), unfinished)
    assert (requests["generated_tokens"][completed] == requests["output_tokens"][completed]).all()
    assert (requests["generated_tokens"][~completed] < requests["output_tokens"][~completed]).all()
    assert ((requests["generated_tokens"] > 0) == ~np.isnan(stamps[2])).all()
    rejected = status == "rejected"
    assert (requests["gpu_s"][rejected] == 0).all()
    assert (requests["node"][rejected] == -1).all()
    assert ((requests["correct"] >= 0) == completed).all()
    for at in np.flatnonzero(requests["node"] >= 0):
        node = requests["node"][at]
        assert nodes["ready_s"][node] <= nodes["ended_s"][node]
        if completed[at]:
            seen_later_s = config.engine.request_overhead_s + config.engine.token_overhead_s * (requests["output_tokens"][at] - 1)
            end_s = requests["done_s"][at] - seen_later_s
            assert nodes["ready_s"][node] - 1e-9 <= end_s <= nodes["ended_s"][node] + 1e-9
    full = np.array([row[2] for row in config.traffic.arguments["rows"]])
    # A request that starts again may have passed its new, shorter answer; it never gets a longer one than the full model's.
    assert (requests["output_tokens"] <= full * requests["samples"]).all()
    pools = len(config.contenders["one"].pools)
    assert ((requests["escalations"] >= 0) & (requests["escalations"] < pools)).all()
    assert (requests["gpu_s"][requests["escalations"] > 0] > 0).all()
    lost = status == "lost"
    assert requests["lost_gpu_s"][lost] == pytest.approx(requests["gpu_s"][lost], abs=1e-9)  # answers thrown away before that included


@pytest.mark.parametrize(
    ("bytes_per_s", "second_drop_s"),
    [(1e7, None), (1e7, 31.0), (2e7, 33.0), (4e8, 30.2), (1e11, None)],
    ids=["source goes first", "target goes first", "target goes after the source", "target is noticed too", "none goes too soon"],
)
def test_room_that_was_kept_for_moving_sequences_is_given_back(bytes_per_s, second_drop_s):
    """A transfer may outlive the node it leaves, the node it goes to, or both."""
    drop = [] if second_drop_s is None else [(second_drop_s, 0, 1.0)]
    market = {"a-1a": [(0.0, 1, 1.0), (30.0, 0, 1.0)], "b-1a": [(0.0, 1, 1.0), *drop], "b-1b": [(0.0, 0, 1.0), (40.0, 2, 1.0)]}
    parts = contender({"large": ("qwen3-4b", None, 2)}, notice=MOVER, provisioning=preset("provisioning", "spot_spread") | {"retry_s": 0})
    rows = [(25 + at / 10, 500, 300) for at in range(60)]
    config = small(parts, rows, market, provider__notice_s=2.0, fleet__migration_bytes_per_s=bytes_per_s)
    tables, watch = simulate_watched(config)
    assert tables.requests["migrations"].sum() > 0
    assert (tables.requests["retries"].sum() > 0) == (bytes_per_s < 1e9 or second_drop_s is not None)
    check_requests(config, tables)
    check_seconds(tables, watch)
    check_blocks(watch)
    check_service(config, tables)
