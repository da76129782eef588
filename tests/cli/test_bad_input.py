import json
from pathlib import Path

import pytest

from cloudsim.cli import main

EXPERIMENT = "+experiment=spot_preemption"

WRONG_VALUES = {
    "+fleet.instancs=3": "fleet.instancs: unknown key; did you mean fleet.instances? accepted: instance, instances,",
    "seed=-1": "seed: found -1; accepted: a whole number of at least 0 (root of all random numbers)",
    "seeds=two": "seeds: found 'two'; accepted: a whole number of at least 1",
    "workers=2.5": "workers: found 2.5; accepted: a whole number of at least 1 or null",
    "drain_s=???": "drain_s: ??? has no value",
    "warm_start=maybe": "warm_start: found 'maybe'; accepted: true or false",
    "workload.rate_scale=-2": "workload.rate_scale: found -2; accepted: a number above 0 (arrivals are this many times",
    "duration_s=inf": "duration_s: found inf; accepted: a number above 0",
    "workload.reasoning_fraction=1.5": "workload.reasoning_fraction: found 1.5; accepted: a number from 0 up to 1",
    "engine.precision=int4": "engine.precision: found 'int4'; accepted: text that matches ^(bf16|fp8)$ (bf16 or fp8)",
    "gateway=3": "gateway: found 3; accepted: the keys queue_timeout_s, max_retries",
    "provider.zones=[]": "provider.zones: found []; accepted: a list with at least one entry",
    "startup.provision_max_s=2": "startup: provision_max_s (2.0) is below provision_min_s (60.0)",
    "tiers.premium.share=0.5": "tiers: the shares 0.5 + 0.5 + 0.3 add up to 1.3; they must add up to 1",
    "~family.task": "family.task: missing; accepted: text that matches",
    "family.small=${nothing}": "family.small: ${nothing} has no value: Interpolation key 'nothing' not found",
    "fleet.instances=8": "contenders.static_multi_model.pools: found 3 + 2 + 1 = 6 instances; fleet.instances is 8, and all",
}
WRONG_COMPONENTS = {
    "contenders.l2a.budget._target_=nope.No": "contenders.l2a.budget._target_: cannot import 'nope.No': No module named 'nope'",
    "contenders.l2a.notice._target_=tests.cli.policies.Stuk": "contenders.l2a.notice._target_: module 'tests.cli.policies' has no 'Stuk'",
    "contenders.l2a.routing._target_=Full": "contenders.l2a.routing._target_: found 'Full'; accepted: text that matches",
    "+contenders.on_demand.budget.x=1": "contenders.on_demand.budget.x: policies.budget.full.Full has no such argument; it takes",
    "+contenders.l2a.admission={_target_: tests.cli.policies.Stuck}": "contenders.l2a.admission.sign: missing; tests.cli.policies.Stuck",
}
NOT_APPLICABLE = {
    "fleet.instancs=3": "unknown key; did you mean fleet.instances? fleet has instance, instances,",
    "sede=3": "unknown key; did you mean seed? accepted: ",
    "seed.x=3": "seed is a single value and has no keys",
    "tiers.gold.share=0.1": "unknown key; tiers has premium, standard, free; to add an entry write +tiers.gold.share=0.1",
    "+seeds=3": "seeds is there already; write it without +",
    "seed=0,1": "several values are a sweep and need -m; a value that has a comma goes in quotes",
    "seed": "cannot be read as KEY=VALUE",
    "a[=3": "cannot be read as KEY=VALUE",
    "traffic=nope": "traffic has no choice 'nope'; accepted: azure_code_2023, azure_code_like, azure_conv_2023,",
    "budget@contenders.l2a.budget=fixd": "budget has no choice 'fixd'; did you mean fixed? accepted: ",
    "budget@contenders.l3a.budget=fixed": "there is no budget@contenders.l3a.budget to choose; did you mean budget@contenders.l2a.budget?",
    "contenders.l2a.notice={sign: x}": "contenders.l2a.notice has no sign; write +contenders.l2a.notice={sign: x} to add it",
}


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    """Run with bad input; the lines on standard error. The exit code is 2, nothing is printed elsewhere, nothing is written."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        before = sorted(tmp_path.rglob("*"))
        code = main(["run", *words])
        shown = capsys.readouterr()
        assert code == 2
        assert "Traceback" not in shown.err
        assert sorted(tmp_path.rglob("*")) == before
        assert shown.out == ""
        lines = shown.err.splitlines()
        assert len(set(lines)) == len(lines)
        return lines

    return run


def test_no_contenders_offers_the_experiments(refused):
    assert refused() == [
        "contenders: there are none to compare; choose an experiment, such as +experiment=spot_preemption; "
        "available: gpu_loss, memory_pressure, policy_league, spot_hedge, spot_preemption, spot_preemption_live, train_policy"
    ]


@pytest.mark.parametrize("mistakes", [WRONG_VALUES, WRONG_COMPONENTS], ids=["values", "components"])
def test_every_mistake_is_told_at_once_with_its_path_and_what_is_accepted(refused, mistakes):
    lines = refused(EXPERIMENT, *mistakes)
    for start in mistakes.values():
        assert sum(line.startswith(start) for line in lines) == 1, (start, lines)
    assert len(lines) == len(mistakes)


def test_every_override_that_cannot_be_applied_is_told_at_once(refused):
    lines = refused(EXPERIMENT, *NOT_APPLICABLE)
    for word, start in NOT_APPLICABLE.items():
        assert sum(line.startswith(f"{word}: {start}") for line in lines) == 1, (start, lines)
    assert len(lines) == len(NOT_APPLICABLE)


def test_what_the_schema_cannot_see_is_told_beside_the_rest(refused):
    words = ["fleet.instancs=3", "tiers.premium.share=0.5", "fleet.instance=p4", "traffic.rate_rps=-1", "provider.zones=[mars-1]"]
    lines = refused(EXPERIMENT, *words)
    for sign in ("did you mean fleet.instances", "the shares 0.5 + 0.5 + 0.3", "'p4'", "rate_rps"):
        assert any(sign in line for line in lines), (sign, lines)
    assert any("us-east-1a" in line and "mars-1" in line for line in refused(EXPERIMENT, "provider.zones=[mars-1]"))
    assert any("gpt-9" in line for line in refused(EXPERIMENT, "family.large=gpt-9"))


def test_what_only_follows_from_another_mistake_is_not_told(refused):
    assert refused("+experiment=spot_premption", "contenders.l2a.budget.floor=0.7") == [
        "+experiment=spot_premption: experiment has no choice 'spot_premption'; did you mean spot_preemption? "
        "accepted: gpu_loss, memory_pressure, policy_league, spot_hedge, spot_preemption, spot_preemption_live, train_policy"
    ]
    assert len(refused(EXPERIMENT, "family.large=${nothing}")) == 1


def test_an_experiment_without_plus_says_what_to_write(refused):
    lines = refused("experiment=spot_preemption")
    assert "experiment=spot_preemption: no experiment is chosen by default; write +experiment=spot_preemption" in lines


@pytest.mark.parametrize("made", ["folder", "file", "below a file"])
def test_an_output_folder_with_other_files_is_refused_and_kept(refused, tmp_path, made):
    target = tmp_path / "out"
    if made == "folder":
        target.mkdir()
        (target / "summary.json").write_text("mine")
    else:
        target.write_text("mine")
    [line] = refused(EXPERIMENT, f"output_dir={target / 'run' if made == 'below a file' else target}")
    assert line.startswith("output_dir: ")
    assert "choose another output_dir" in line


def test_a_folder_of_groups_that_does_not_exist_is_named(refused):
    assert refused(EXPERIMENT, "--config-dir", "nowhere") == ["--config-dir nowhere: no such folder"]


def test_a_configuration_file_that_cannot_be_read_is_named(refused, tmp_path):
    (tmp_path / "own/budget").mkdir(parents=True)
    (tmp_path / "own/budget/mine.yaml").write_text("_target_: [")
    [line] = refused(EXPERIMENT, "--config-dir", "own", "budget@contenders.l2a.budget=mine")
    assert line.startswith("budget@contenders.l2a.budget=mine: ")
    assert "mine.yaml" in line


def test_a_key_that_an_experiment_brings_may_come_first(refused):
    [line] = refused("contenders.l2a.budget.floor=0.7", EXPERIMENT, "seed=-1")
    assert line.startswith("seed: ")


def test_with_json_the_problems_are_a_document_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", EXPERIMENT, "seed=-1", "--json"]) == 2
    [problem] = json.loads(capsys.readouterr().out)["problems"]
    assert problem.startswith("seed: found -1")
    assert not list(Path.cwd().iterdir())
