"""Every key of the configuration changes something: keys that did nothing would lie to whoever sets them.

The keys are found by themselves (`tests.configuration.keys`), so a new one fails here until it is known how it shows.
"""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from tempfile import mkdtemp
from unittest.mock import patch

import numpy as np
import pytest

from cloudsim import workers
from cloudsim.cli import main
from cloudsim.composition.components import import_target
from cloudsim.config import RunConfig
from cloudsim.errors import CloudsimError
from cloudsim.experiment import outcomes, tasks
from cloudsim.metrics.summary import metrics
from cloudsim.simulation import build_market, simulate
from cloudsim.workload.drawing import draw_blocks
from tests.cluster.scenario import contender, fingerprint, listed, preset, scheduled, small, talking, tree
from tests.configuration.keys import argument_leaves, schema_leaves
from tests.latency.points import write_step_times
from tests.models import profiles
from tests.models.own import write_catalog
from traces.blocks import joined
from traces.errors import TraceError

ROWS = [(round(at * 0.31, 3), 200 + at * 37 % 900, 40 + at * 53 % 400) for at in range(380)] + [(118.5, 9000, 50), (119.0, 300, 900)]
MARKET = {
    "a-1a": [(0.0, 1, 1.0), (40.0, 0, 1.2), (100.0, 1, 0.9)],
    "a-1b": [(0.0, 1, 1.1), (45.0, 0, 1.1), (90.0, 1, 1.3)],
    "b-1a": [(0.0, 1, 1.5), (50.0, 0, 1.5), (95.0, 1, 1.5)],
    "b-1b": [(0.0, 1, 1.6), (55.0, 0, 1.6), (96.0, 1, 1.6)],
}
ROOMY = {
    "a-1a": [(0.0, 2, 1.0), (40.0, 0, 1.2), (45.0, 2, 0.9), (80.0, 1, 1.0)],
    "a-1b": [(0.0, 2, 1.1), (30.0, 1, 1.1), (35.0, 2, 1.1), (70.0, 0, 1.3), (75.0, 2, 1.1)],
    "b-1a": [(0.0, 3, 1.5), (50.0, 0, 1.5), (60.0, 2, 1.5)],
    "b-1b": [(0.0, 3, 1.6)],
}
POOLS = {"large": ("qwen3-4b", "qwen3-4b-l2a", 2), "small": ("qwen3-0.6b", None, 1)}
POLICIES = {"routing": "round_robin", "budget": "l2a_calibrated", "notice": "migrate"}
PROVISIONING = {"retry_s": 3}
# Scaling within two minutes, on bursts of half a minute.
SCALING = {
    "up": 6, "down": 3, "cooldown_s": 10.0, "window_s": 10.0, "out_cooldown_s": 5.0, "in_cooldown_s": 10.0, "stabilisation_s": 10.0,
    "timetable": [[0, 1.0], [20, 2.0]], "period_s": 60.0, "ahead_s": 10.0, "lags": 3, "window": 14, "instance_rps": 2.0, "target": 0.5,
}  # fmt: skip
BURSTS = [(round(at * 60 + number * 0.11, 3), 200 + number * 37 % 900, 40 + number * 53 % 400) for at in range(2) for number in range(200)]
SCENARIO = {
    "provider__notice_s": 15.0, "provider__rebalance_lead_s": 10.0, "warm_start": False, "gateway__queue_timeout_s": 20.0,
    "market__traced_on_demand_usd_per_h": 3.0, "startup__load_bytes_per_s": 2e9, "drain_s": 40.0, "seed": 2,
}  # fmt: skip


def scenario(pools=None, policies=None, rows=ROWS, market=None, **changes):
    """A tree of configuration in which nearly every key acts: three instances start, are hinted, noticed, reclaimed and replaced."""
    chosen = {"provisioning": preset("provisioning", "spot_spread") | PROVISIONING, **POLICIES, **(policies or {})}
    config = small(contender(pools or POOLS, **chosen), rows, market or MARKET, **SCENARIO | changes)
    return config.model_dump(by_alias=True)


def changed(made, key, value):
    """A copy of the tree with `value` at the dotted `key`."""
    made = json.loads(json.dumps(made))
    *above, last = key.split(".")
    at = made
    for name in above:
        at = at[name]
    assert last in at, key
    assert at[last] != value, f"{key} is {value} already"
    at[last] = value
    return made


def seen(made):
    """All that a run shows: its tables, its sources and its metrics, or the message with which it ends."""
    try:
        config = RunConfig.model_validate(made)
        tables = simulate(config, "one", 0)
        measured = metrics(tables.requests, tables.nodes, config.duration_s, list(config.tiers))
    except (CloudsimError, TraceError) as error:
        return "error", str(error)
    return fingerprint(tables), repr(tables.sources), repr(sorted(measured.items()))


@cache
def seen_scenario(name=""):
    return seen(SPECIAL[name]() if name else scenario())


@cache
def measured_folder(seed):
    return profiles.folder(mkdtemp(prefix="cloudsim-measured-"), seed=seed)


@cache
def own_catalog(layers):
    return write_catalog(mkdtemp(prefix="cloudsim-own-"), layers=layers)


# Scenarios for keys that act only in special states.
SPECIAL = {
    "measured": lambda: scenario(
        {"large": ("tiny-reasoner", "tiny-reasoner-l2a", 2)}, family__task="procedural", model__measured=measured_folder(0)
    ),
    "own model": lambda: scenario({"large": ("mine", "mine-l2a", 2)}, model__catalog=own_catalog(32)),
    "by difficulty": lambda: scenario(policies={"routing": routed(2)}),
    "cascade": lambda: scenario(policies={"routing": preset("routing", "cascade")}),
    "effort": lambda: scenario(policies={"effort": preset("effort", "mean_fraction")}),
    "learning": lambda: scenario(policies={"budget": {"_target_": "tests.policies.learning.Remembers"}}),
    "broken": lambda: scenario(policies={"routing": {"_target_": "tests.policies.broken.Nowhere"}}),
    "few at once": lambda: scenario(engine__max_sequences=4, engine__step_tokens=600),
    "talks": lambda: scenario(traffic=talking([(*row, f"s{at % 9}") for at, row in enumerate(ROWS)])),
    "no notice": lambda: scenario(provider__notice_s=0.0, gateway__max_retries=3),
    "long": lambda: scenario(engine__max_model_tokens=16384),
    "co-tenants": lambda: scenario(
        {"large": ("qwen3-4b", "qwen3-4b-l2a", 2)}, engine__max_model_tokens=2048,
        hardware=preset("hardware", "co_tenant") | {"mean_absent_s": 20.0, "mean_present_s": 15.0, "least_taken_share": 0.45},
    ),
    "tensor parallel": lambda: scenario(
        {"large": ("llama-3-70b", None, 1)}, rows=ROWS[::20],
        engine__tensor_parallel=2, engine__precision="fp8", fleet__instance="aws_g6e_12xlarge",
    ),
}  # fmt: skip


def routed(pools):
    parts = preset("routing", "model_by_difficulty")
    return parts | {"thresholds": parts["thresholds"][-pools:], "busy": parts["busy"][-pools:]}


@dataclass(frozen=True)
class Folder:
    """A folder of measured profiles, made when it is used."""

    seed: int


@dataclass(frozen=True)
class Catalog:
    """A file of own models, made when it is used."""

    layers: int


class StepTimes:
    """A folder of step times, made when it is used."""


# key: its new value in the base scenario, or (scenario, new value)
VALUES = {
    "seed": 3,
    "duration_s": 110.0,
    "drain_s": 30.0,
    "warm_start": True,
    "timeline_interval_s": 20.0,
    "traffic": listed(ROWS[:-5]),
    "workload.rate_scale": 1.5,
    "workload.reasoning_fraction": 0.7,
    "workload.difficulty_alpha": 2.0,
    "workload.difficulty_beta": 2.0,
    "workload.difficulty_noise": ("by difficulty", 0.5),
    "workload.feedback_error": ("learning", 0.9),
    "workload.confidence_auroc": ("cascade", 0.6),
    "workload.reasoning_saturation": ("effort", 1.0),
    "on_policy_error": ("broken", "fallback"),
    "logged_share": 0.3,
    "workload.length_noise": 0.1,
    "workload.tenants": 2,
    "workload.tenant_skew": 0.0,
    "tiers.*.share": {"premium": 0.4, "standard": 0.3},
    "tiers.*.ttft_s": 0.05,
    "tiers.*.tpot_s": 0.002,
    "tiers.*.e2e_s": 0.5,
    "spot": scheduled({zone: changes[:1] for zone, changes in MARKET.items()}),
    "hardware": preset("hardware", "failing_gpus") | {"mean_up_s": 30.0, "mean_repair_s": 10.0},
    "grid": preset("grid", "daily") | {"swing": 0.0},
    "fleet.pue": 1.5,
    "market.slots_per_zone": 2,
    "market.traced_on_demand_usd_per_h": 4.0,
    "provider.name": "another",
    "provider.notice_s": 5.0,
    "provider.rebalance_lead_s": 5.0,
    "provider.rebalance_share": 1.0,
    "provider.zones": ["a-1a", "a-1b"],
    "provider.source": "somewhere else",
    "startup.provision_min_s": 4.0,
    "startup.provision_max_s": 9.0,
    "startup.boot_s": 5.0,
    "startup.load_bytes_per_s": 1e9,
    "startup.engine_start_s": 8.0,
    "engine.step_tokens": 600,
    "engine.max_sequences": 4,
    "engine.block_tokens": 32,
    "engine.max_model_tokens": ("long", 8000),
    "engine.memory_fraction": 0.5,
    "engine.precision": "fp8",
    "engine.tensor_parallel": ("tensor parallel", 4),
    "engine.pipeline_parallel": ("tensor parallel", 2),
    "engine.step_overhead_s": 1e-3,
    "engine.sequence_overhead_s": 1e-4,
    "engine.request_overhead_s": 0.1,
    "engine.token_overhead_s": 1e-3,
    "engine.graph_rounding": True,
    "engine.reload_bytes_per_s": ("co-tenants", 1e8),
    "engine.resident_kv_share": ("co-tenants", 0.0),
    "gateway.queue_timeout_s": 8.0,
    "gateway.max_retries": ("no notice", 0),
    "family.task": "mmlu",
    "model.backend": ("measured", "recorded"),
    "model.clock": ("measured", "measured"),
    "model.catalog": ("own model", Catalog(30)),
    "model.measured": ("measured", Folder(1)),
    "model.step_times": StepTimes(),
    "fleet.instance": "aws_p5_4xlarge",
    "fleet.control_interval_s": 11.0,
    "fleet.migration_bytes_per_s": 1e7,
    "fleet.transfer_usd_per_gb": 0.5,
    "contenders.*.pools.*.model": ("tensor parallel", "llama-3-8b"),
    "contenders.*.pools.*.elastic": None,
    "contenders.*.pools.*.instances": 1,
    "contenders.*.pools.*.instance": "aws_p5_4xlarge",
    "contenders.*.admission": preset("admission", "deadline") | {"slack": 0.05},
    "contenders.*.routing": preset("routing", "least_outstanding"),
    "contenders.*.budget": preset("budget", "full"),
    "contenders.*.effort": preset("effort", "mean_fraction"),
    "contenders.*.provisioning": preset("provisioning", "on_demand"),
    "contenders.*.notice": preset("notice", "finish"),
    "contenders.*.scaling": preset("scaling", "scheduled") | {"least": 0},
    "contenders.*.scheduling": ("few at once", preset("scheduling", "priority")),
    "contenders.*.cache": ("talks", preset("cache", "lru")),
}
# Keys that other keys of `experiments` refer to: new value, and a key of `VALUES` that takes it over, and so changes the run.
REFERRED = {
    "family.large": ("qwen3-8b", "contenders.l2a.pools.large.model"),
    "family.middle": ("qwen3-8b", "contenders.static_multi_model.pools.middle.model"),
    "family.small": ("qwen3-8b", "contenders.static_small.pools.small.model"),
    "family.elastic": ("qwen3-4b-l2a-independent", "contenders.l2a.pools.large.elastic"),
    "family.precision": ("fp8", "engine.precision"),
    "fleet.instances": (7, "contenders.l2a.pools.large.instances"),
}
# Keys that no table of one run can show; each has a test of its own below.
OUTSIDE = {"seeds", "workers", "json", "output_dir", "policy_timeout_s"}


def test_every_key_of_the_schema_is_covered():
    assert sorted(schema_leaves()) == sorted([*VALUES, *REFERRED, *OUTSIDE])


@pytest.mark.parametrize("key", VALUES)
def test_a_key_of_the_schema_changes_the_run(key):
    value = VALUES[key]
    name, value = value if isinstance(value, tuple) else ("", value)
    value = measured_folder(value.seed) if isinstance(value, Folder) else value
    value = own_catalog(value.layers) if isinstance(value, Catalog) else value
    value = write_step_times(mkdtemp(prefix="cloudsim-steps-")) if isinstance(value, StepTimes) else value
    made = SPECIAL[name]() if name else scenario()
    real = key.replace("tiers.*", "tiers.premium").replace("contenders.*", "contenders.one").replace("pools.*", "pools.large")
    if key == "tiers.*.share":  # shares add up to 1, so two change at once
        for tier, share in value.items():
            made = changed(made, f"tiers.{tier}.share", share)
    else:
        made = changed(made, real, value)
    before, after = seen_scenario(name), seen(made)
    assert before[0] != "error" or name == "broken"
    assert after != before


@pytest.mark.parametrize("key", REFERRED)
def test_a_key_that_others_refer_to_reaches_them(key):
    value, path = REFERRED[key]
    assert re.sub(r"(contenders|pools)\.\w+", r"\1.*", path) in VALUES
    before, after = tree(), tree(overrides=(f"{key}={value}",))
    for name in path.split("."):
        before, after = before[name], after[name]
    assert before != after == value


def test_seeds_is_the_number_of_replications():
    base = RunConfig.model_validate(scenario())
    assert [len(tasks(base.model_copy(update={"seeds": seeds}))) for seeds in (1, 4)] == [1, 4]


def test_workers_is_the_number_of_processes():
    base = RunConfig.model_validate(scenario()).model_copy(update={"seeds": 5})
    asked = []
    with patch.object(workers, "in_processes", lambda config, todo, count, *rest: asked.append(count) or iter(())):
        for count in (2, 3):
            list(outcomes(base.model_copy(update={"workers": count}), simulate))
    assert asked == [2, 3]


def test_policy_timeout_s_ends_what_a_policy_does_not():
    slow = scenario(policies={"routing": {"_target_": "tests.policies.broken.Endless"}}, policy_timeout_s=0.1)
    assert "policy_timeout_s, 0.1 s" in seen(slow)[1]


def test_json_and_output_dir_change_what_a_run_prints_and_where_it_lies(small, tmp_path, capsys):
    for folder, flag in (("one", "false"), ("two", "true")):
        assert main(["run", *small, f"output_dir={tmp_path / folder}", f"json={flag}"]) == 0
        assert (tmp_path / folder / "summary.json").is_file()
        shown = capsys.readouterr().out
        parsed = None
        with suppress(ValueError):
            parsed = json.loads(shown)
        assert (parsed is not None) == (flag == "true")
        assert str(tmp_path / folder) in shown


# New values of the arguments of components; those of policies are seen in a run, those of traffic and market in what they make.
ARGUMENTS = {
    "mean_turns": 2, "block_tokens": 64, "name": "another", "origin": "elsewhere", "provenance": "projected",
    "file": "none/another.csv", "path": "none", "format": "mooncake", "start_s": 86_400.0,
    "rate_rps": 2.5, "kind": "weibull", "cv": 2.0, "rate": [{"kind": "drift", "peak_minute_ratio": 3.0}],
    "levels": [0, 0.02, 0.06, 0.11, 0.26, 0.51, 0.76, 0.91, 0.96, 0.991, 0.9991, 1],
    "tokens": [3, 39, 191, 217, 406, 1030, 1199, 2744, 4093, 4152, 6189, 14060],
    "log_mean": 5.0, "log_sigma": 0.5, "most_tokens": 300,
    "within_region_correlation": 0.5, "across_region_correlation": 0.2, "step_s": 700.0, "region_memory_h": 9.0, "slow_memory_h": 20.0,
    "fast_memory_h": 0.9, "price_step_s": 20_000.0, "price_memory_h": 100.0,
    "region": "moon-1", "availability": 0.5, "mean_up_h": 1.0,
    "price_low_usd_per_h": 1.0, "price_mean_usd_per_h": 1.7, "price_high_usd_per_h": 2.5,
    "slots": 3, "mean_h": 7.0, "bursts": [0.5, 0.5], "per_day": 20.0, "share": 0.9,
    "outages": [{"zones": ["us-east-1a"], "at_s": 600.0, "lasts_s": 600.0}],
    "slack": 0.05, "thresholds": [0.9, 0.0], "tier_bonus": [0.9, 0.5, 0.1], "busy": [1, 1],
    "weights": [9.0, 1.0, 1.0], "slack_requests": 0,
    "pools": ["small", "large", "small"], "confidence": [0.3], "samples": 5, "one_model": 0.5, "two_models": 1.0, "medium": 0.6,
    "hard": 0.8, "weight": 0.2, "gpu_s_scale": 0.2, "bins": 2, "crowded": 2, "batch": 9,
    "pheromone": 3.0, "load": 3.0, "evaporation": 0.5, "least_pheromone": 0.6,
    "fractions": [0.2, 0.3], "shares": [0.1, 0.9], "saturation": 9.0, "gain": 1.0, "reasoning": 0.8,
    "parts": 9, "threshold": 0.9, "system_1": 0.9,
    "seed": 7, "prompt_token": 9.0, "elsewhere": 99.0, "price": 99.0, "zones": ["b-1"],
    "budget": 0.67, "floor": 0.9, "kv_reserve": 1.0, "queue_tokens": 900.0, "headroom": 0.1,
    "retry_s": 25, "drain": False, "extra": 2, "cap": 0.36, "horizon_s": 1.0, "explore": 0.5, "prior_life_s": 5.0, "prior_losses": 0.01,
    "instance_rps": 1.0, "up": 9, "down": 1, "step": 2, "cooldown_s": 30.0, "least": 2, "most": 3, "target": 0.9, "window_s": 5.0,
    "out_cooldown_s": 20.0, "in_cooldown_s": 25.0, "metric": "utilisation", "tolerance": 0.5, "stabilisation_s": 30.0,
    "timetable": [[0, 1.5], [20, 2.0]], "period_s": 45.0, "ahead_s": 20.0, "lags": 2, "window": 13, "under": 1.0, "over": 5.0,
    "budgets": [0.9, 0.8, 0.67], "steps_tokens": [100, 200], "release": 0.01,
    "proportional": 9.0, "integral_per_s": 0.9, "derivative_s": 90.0, "interval_s": 1, "least_outcomes": 60,
    "fixed_share": 0.9, "exploration": 0.0, "spread": 3.0, "right_weight": 1.0, "ridge": 50.0, "sequences": 2,
    "alpha": 0.9, "delta": 0.9, "outcomes": 20, "feedback_error": 0.45, "table": [[1.0, 900, 100], [0.67, 900, 100]],
    "groups": [0.9, 0.67], "lift": 0.5, "squeeze_cost_s": 0.0,
    "mean_absent_s": 500.0, "mean_present_s": 400.0, "least_taken_share": 0.5, "most_taken_share": 0.8,
    "us-east-1": 99.0, "us-east-2": 99.0, "us-west-1": 99.0, "us-west-2": 99.0, "ca-central-1": 99.0, "eu-west-1": 99.0,
    "eu-west-2": 99.0, "eu-west-3": 99.0, "eu-central-1": 99.0, "eu-north-1": 99.0, "ap-northeast-1": 99.0, "ap-northeast-2": 99.0,
    "ap-southeast-1": 99.0, "ap-southeast-2": 99.0, "ap-south-1": 99.0, "sa-east-1": 99.0,
    "other_g_per_kwh": 99.0, "swing": 0.5, "cleanest_hour": 3.0, "start_hour": 3.0,
    "mean_up_s": 9000.0, "mean_repair_s": 600.0,
    "quantum": 9, "queues": 2, "prompt_tokens_per_token": 5, "starvation_s": 0.5, "input_weight": 9.0, "output_weight": 0.0,
    "learning_rate": 0.9, "discount": 0.1, "session": 99.0, "prefix": 99.0,
    "budget_usd": 0.002, "large_usd_per_million": 0.2, "small_usd_per_million": 0.01, "prompt_share": 0.5,
}  # fmt: skip
# Settings under which the other arguments of an entry act in a run this small.
ACTING = {
    "queue_threshold": {"steps_tokens": [200, 900]},
    "risk_controlled": {"outcomes": 20, "alpha": 0.75},
    "model_predictive": {"headroom": 0.45},
    "clairvoyant": {"headroom": 0.45},
}
LEAVES = list(argument_leaves())
NEED_DATA = {
    ("spot", "skynomad_v100", "start_s"), ("spot", "skynomad_v100", "format"), ("traffic", "azure_conv_2023", "format"),
    ("traffic", "azure_code_2023", "format"),
}  # fmt: skip


def test_every_argument_of_a_component_is_covered():
    assert {key.split(".")[-1] for _, _, key in LEAVES} == set(ARGUMENTS)


@pytest.mark.parametrize(("group", "entry", "key"), LEAVES, ids=lambda value: str(value))
def test_an_argument_of_a_component_changes_something(group, entry, key):
    before, after = preset(group, entry), preset(group, entry)
    *above, last = key.split(".")
    at = after
    for name in above:
        at = at[name]
    assert at[last] != ARGUMENTS[last]
    at[last] = ARGUMENTS[last]
    if group in ("traffic", "spot", "hardware", "grid"):
        found = made_by(group, before), made_by(group, after)
        if (group, entry, key) in NEED_DATA and found[0][0] == "error":
            pytest.skip("the trace file is not on this machine")
    else:
        if key in ("thresholds", "busy"):
            before = routed(2) | ({"busy": [9, 9]} if key == "busy" else {})
            after = before | {key: ARGUMENTS[key]}
        elif key == "tier_bonus":
            before = routed(2)
            after = before | {key: ARGUMENTS[key]}
        elif key == "pools":  # the scenario has no middle one
            before |= {"pools": ["large", "small", "small"]}
        elif key == "reasoning":  # it acts where time is short
            before, after = before | {"headroom": 0.1}, after | {"headroom": 0.1}
        elif entry in ACTING:
            acting = {name: value for name, value in ACTING[entry].items() if name != key}
            before, after = before | acting, after | acting
        elif key == "weights.elsewhere":
            before["scores"]["elsewhere"]["zones"] = after["scores"]["elsewhere"]["zones"] = ["b-1"]
        elif group == "provisioning":
            quick = PROVISIONING | {"extra": 0, "step_s": 20.0, "explore": 0.0, "horizon_s": 40.0, "prior_life_s": 60.0}
            before, after = quickened(before, quick), quickened(after, {name: value for name, value in quick.items() if name != key})
        elif group == "scaling":
            before = quickened(before, SCALING)
            after = quickened(after, {name: value for name, value in SCALING.items() if name != key})
        found = in_a_run(group, before, key), in_a_run(group, after, key)
        assert found[0][0] != "error", found[0]
    assert found[0] != found[1]


def quickened(component, quick):
    return component | {name: value for name, value in quick.items() if name in component}


def made_by(group, component):
    """Table and sources that a component makes."""
    if group == "hardware":
        source = import_target(component["_target_"])(**{name: value for name, value in component.items() if name != "_target_"})
        made = source.hardware(1e5, 2, np.random.default_rng(0))
        return made.time_s.tobytes(), made.taken_share.tobytes(), source.source
    if group == "grid":
        source = import_target(component["_target_"])(**{name: value for name, value in component.items() if name != "_target_"})
        return [source.grid(region, 1e5).g_per_kwh.tobytes() for region in [*component["regions_g_per_kwh"], "elsewhere"]], source.source
    hours = 400 if group == "spot" else 1
    # GCP's list of zones has those of the AWS traces too.
    config = RunConfig.model_validate(tree({group: component, "duration_s": hours * 3600.0}, ("provider=gcp",)))
    try:
        made = build_market(config, 0) if group == "spot" else joined(block.trace for block in draw_blocks(config, 0))
    except TraceError as error:
        return "error", str(error)
    if group == "spot":
        return [(z.zone, z.region, z.time_s.tobytes(), z.capacity.tobytes(), z.price_usd_per_h.tobytes()) for z in made.zones], made.sources
    shared = [block.shared_tokens.tobytes() for block in draw_blocks(config, 0)]
    return [column.tobytes() for column in (made.arrival_s, made.input_tokens, made.output_tokens)], shared, made.sources


def in_a_run(group, component, key):
    bursts = group == "budget" or key.endswith("prompt_token")
    changes = {"engine__memory_fraction": 0.3} if key == "kv_reserve" else {}
    changes |= {"provider__rebalance_share": 1.0, "provider__rebalance_lead_s": 25.0, "market": ROOMY} if key == "drain" else {}
    learns = group == "provisioning" and key in ("horizon_s", "explore", "prior_life_s", "prior_losses")
    changes |= {"market": ROOMY, "pools": {"large": ("qwen3-4b", None, 5)}} if learns else {}
    changes |= {"rows": BURSTS} if group == "scaling" else {}
    changes |= {"rows": [(at // 4 * 4, prompt, answer) for at, prompt, answer in ROWS]} if bursts else {}
    changes |= {"engine__max_sequences": 4, "engine__step_tokens": 600} if group == "scheduling" else {}
    if key == "release":  # arrivals while a queue shrinks
        changes["rows"] = [(30 + at / 30, prompt, answer) for at, prompt, answer in ROWS]
    if "Clairvoyant" in component["_target_"]:  # few answers hang on the level
        changes["rows"] = [(at / 4 + 30 * quarter, prompt, answer) for quarter in range(4) for at, prompt, answer in ROWS]
    if key == "squeeze_cost_s":  # notice in which an answer ends with its reasoning cut short, and not without
        changes |= {"provider__notice_s": 3.0, "provider__rebalance_lead_s": 0.0, "pools": {"large": ("qwen3-4b", "qwen3-4b-l2a", 2)}}
    if key == "two_models":  # three of them make a difference there
        changes["pools"] = POOLS | {"middle": ("qwen3-1.7b", None, 1)}
    talks = key in ("weights.session", "weights.prefix") or "TaskBudget" in component["_target_"]
    changes |= {"traffic": talking([(*row, f"s{at % 9}") for at, row in enumerate(ROWS)])} if talks else {}
    policies = (
        {group: component}
        | ({"cache": preset("cache", "lru")} if talks else {})
        | ({"provisioning": "on_demand"} if group == "scaling" else {})
    )
    return seen(scenario(policies=policies, **changes))
