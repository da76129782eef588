"""The files of experiments/: every choice composes, and the defaults say what the schema says."""

from pathlib import Path

import pytest
import yaml

from cloudsim import simulation
from cloudsim.composition.plan import compose

ROOT = Path(__file__).parents[2] / "experiments"
POLICIES = ("admission", "routing", "budget", "effort", "scheduling", "cache", "notice", "scaling", "provisioning")
SCENARIOS = sorted(file.stem for file in (ROOT / "scenario").glob("*.yaml"))
EXPERIMENTS = sorted(file.stem for file in (ROOT / "experiment").glob("*.yaml"))
CHOICES = sorted(
    (file.parent.name, file.stem)
    for group in ("traffic", "spot", "provider", "family", *POLICIES)
    for file in (ROOT / group).glob("*.yaml")
)


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_every_choice_of_every_group_composes(small, group, choice):
    key = f"{group}@contenders.l2a.{group}" if group in POLICIES else group
    config = compose([*small, f"{key}={choice}"], None, lambda config: []).config
    written = yaml.safe_load((ROOT / group / f"{choice}.yaml").read_text())
    tree = config.model_dump(by_alias=True)
    found = tree["contenders"]["l2a"][group] if group in POLICIES else tree[group]
    assert found == written


@pytest.mark.parametrize("family", ["qwen3", "llama3"])
@pytest.mark.parametrize("experiment", [name for name in EXPERIMENTS if name != "spot_preemption_live"])  # it has one family only
def test_every_experiment_can_start_with_every_family(experiment, family):
    config = compose([f"+experiment={experiment}", f"family={family}"], None, simulation.problems).config
    assert {sum(pool.instances for pool in contender.pools.values()) for contender in config.contenders.values()} == {
        config.fleet.instances
    }


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_says_what_it_stresses_and_is_small(scenario):
    assert "# Stresses " in (ROOT / f"scenario/{scenario}.yaml").read_text()
    config = compose(["+experiment=policy_league", f"scenario={scenario}"], None, lambda config: []).config
    rate_rps = config.traffic.arguments.get("rate_rps", 5.6)  # a recorded one
    assert config.duration_s * config.workload.rate_scale * rate_rps < 44_000
    assert len(config.contenders) > 2


@pytest.mark.parametrize("name", ["l2a_mixed_gpus", "multi_model_mixed_gpus"])
def test_a_fleet_of_mixed_gpus_has_as_many_gpus_as_any(name):
    config = compose([f"+contender@contenders.mixed={name}"], None, simulation.problems).config
    pools = config.contenders["mixed"].pools.values()
    assert {pool.instance for pool in pools} == {None, "aws_g6_xlarge"}
    assert sum(pool.instances for pool in pools) == config.fleet.instances


def test_the_contenders_of_the_main_experiment_are_those_it_promises():
    config = compose(["+experiment=spot_preemption"], None, lambda config: []).config
    pools = {name: {pool: entry.model for pool, entry in contender.pools.items()} for name, contender in config.contenders.items()}
    assert pools == {
        "l2a": {"large": "qwen3-4b"},
        "static_dense": {"large": "qwen3-4b"},
        "static_small": {"small": "qwen3-0.6b"},
        "static_multi_model": {"large": "qwen3-4b", "middle": "qwen3-1.7b", "small": "qwen3-0.6b"},
        "on_demand": {"large": "qwen3-4b"},
    }
    elastic = {name for name, contender in config.contenders.items() for pool in contender.pools.values() if pool.elastic}
    assert elastic == {"l2a"}
    spot = {name: contender.provisioning for name, contender in config.contenders.items() if name != "on_demand"}
    assert len({component.target for component in spot.values()}) == 1


def test_every_provider_has_the_zones_of_the_default_spot_market():
    zones = set(yaml.safe_load((ROOT / "spot/aws_v100_like.yaml").read_text())["zones"])
    for file in (ROOT / "provider").glob("*.yaml"):
        assert zones <= set(yaml.safe_load(file.read_text())["zones"]), file.name


def test_the_default_folder_has_the_time_in_its_name(small):
    plan = compose(list(small), None, lambda config: [])
    assert str(plan.run_folder) == str(plan.sweep_folder) == plan.config.output_dir
    assert plan.config.output_dir.startswith("runs/20")
