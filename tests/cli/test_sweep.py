import json

from cloudsim.cli import main
from cloudsim.recording import FAILED
from cloudsim.results import load


def test_a_sweep_runs_each_value_in_a_folder_of_its_own(small, tmp_path, capsys):
    assert main(["run", "-m", *small, "seed=3,4", f"output_dir={tmp_path}"]) == 0
    shown = capsys.readouterr()
    assert [load(tmp_path / name).config["seed"] for name in ("0", "1")] == [3, 4]
    for word in ("seed=3", "seed=4", "l2a", "static_dense", f"job 1: {tmp_path / '1'}"):
        assert word in shown.out


def test_a_sweep_without_a_job_that_can_run_is_bad_input(small, tmp_path, capsys):
    assert main(["run", "-m", *small, "seed=-1,-2", "+contenders.l2a.extra=1", f"output_dir={tmp_path}"]) == 2
    assert not list(tmp_path.iterdir())
    shown = capsys.readouterr().err.splitlines()
    assert [line.partition(";")[0] for line in shown] == [
        "seed: found -1",
        "contenders.l2a.extra: unknown key",
        "seed: found -2",
    ]


def test_jobs_that_cannot_run_or_fail_are_named_and_the_others_are_kept(small, tmp_path, capsys):
    target = "contenders.l2a.routing._target_=policies.routing.round_robin.RoundRobin,tests.cli.policies.Broken,nowhere.Nothing"
    assert main(["run", "-m", *small, target, f"output_dir={tmp_path}"]) == 1
    shown = capsys.readouterr().err.splitlines()
    assert "job 1 (contenders.l2a.routing._target_=tests.cli.policies.Broken) failed:" in shown
    assert any(line.startswith("  l2a: routing Broken failed on request 0") and "this policy cannot route" in line for line in shown)
    assert "job 2 (contenders.l2a.routing._target_=nowhere.Nothing) cannot run:" in shown
    assert shown[-1] == "2 of 3 jobs failed"
    assert load(tmp_path / "0").manifest["contenders"] == ["l2a", "static_dense"]
    [problem] = json.loads((tmp_path / "1" / FAILED).read_text())["problems"]
    assert "this policy cannot route" in problem
    assert not (tmp_path / "2").exists()


def test_a_choice_that_hydra_cannot_compose_does_not_stop_the_others(small, tmp_path, capfd):
    assert main(["run", "-m", *small, "traffic=nope,poisson", f"output_dir={tmp_path}", "--json"]) == 1
    document = json.loads(capfd.readouterr().out)
    assert document["failed"] == 1
    bad, good = document["jobs"]
    assert "traffic has no choice 'nope'" in bad["problems"][0]
    assert good["run"] == str(tmp_path / "1")
    assert good["contenders"] == load(tmp_path / "1").summary["contenders"]


def test_a_bug_in_one_job_leaves_its_traceback_and_the_others(small, tmp_path, capsys):
    words = ["+contenders.l2a.routing={_target_: tests.cli.policies.Buggy, divisor: 1}", "contenders.l2a.routing.divisor=0,1"]
    assert main(["run", "-m", *small, *words, f"output_dir={tmp_path}"]) == 1
    shown = capsys.readouterr().err
    assert "ZeroDivisionError" in shown
    assert shown.splitlines()[-1] == "1 of 2 jobs failed"
    assert load(tmp_path / "1")
