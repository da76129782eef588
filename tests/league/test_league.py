"""Leagues from the command line: what they leave, what they play again, and what they say of bad input."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cloudsim.cli import main
from cloudsim.results import load

QUICK = ["duration_s=20", "drain_s=20", "workers=1", "seeds=2", "timeline_interval_s=10"]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def conf(tmp_path):
    """A user's folder with three admission policies and a scenario of their own."""
    for name, text in {
        "admission/every_third": "_target_: tests.league.policies.Every\nnth: 3\n",
        "admission/seer": "_target_: tests.league.policies.Seer\nnth: 50\n",
        "admission/late": "_target_: tests.league.policies.FailsInStorms\n",
        "admission/wrong": "_target_: tests.league.policies.Every\nnth: 1\n",
        "scenario/quiet": "# @package _global_\nworkload: {rate_scale: 0.5}\n",
    }.items():
        file = tmp_path / "conf" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "conf"


def league(folder, *words):
    return main(["league", "admission", *QUICK, f"output_dir={folder}", *words])


def test_a_league_of_two_policies_end_to_end(conf, tmp_path, capsys):
    folder = tmp_path / "league"
    words = ["scenario=quiet,storm", "policies=every_third,seer", "--config-dir", str(conf), "--value", "0.003"]
    assert league(folder, *words) == 0
    shown = capsys.readouterr()
    for word in ("every_third", "quiet", "storm", "0.003 USD (assumed)", "bound", "always", str(folder / "league.html")):
        assert word in shown.out
    assert "storm: 1/6 always, seed 0" in shown.err
    document = json.loads((folder / "league.json").read_text())
    assert document["default"] == "always"
    assert [(one["policy"], one["rank"]) for one in document["policies"]] == [("always", 1), ("every_third", 2), ("seer", None)]
    assert {bound["bound"]["policy"] for bound in document["scenarios"].values()} == {"seer"}
    for scenario in ("quiet", "storm"):
        run = load(folder / scenario)
        assert run.manifest["contenders"] == ["always", "every_third", "seer"]
        assert run.config["workload"]["rate_scale"] == (0.5 if scenario == "quiet" else 4.0)
        assert (folder / scenario / "report.html").is_file()
        for name, metrics in run.summary["contenders"].items():
            [found] = [one["scenarios"][scenario] for one in document["policies"] if one["policy"] == name]
            right, cost = metrics["correct_goodput_rps"]["mean"], metrics["cost_usd"]["mean"]
            assert found["net_value_usd_per_h"] == pytest.approx(3600 * (0.003 * right - cost / 20))
    assert document["weakest_provenance"] == "assumed"
    assert document["inputs"][0]["name"] == "value of a right answer"
    rows = list(csv.DictReader(io.StringIO((folder / "league.csv").read_text())))
    assert len(rows) == 3 * 2 * 2
    assert {row["policy"] for row in rows} == {"always", "every_third", "seer"}


def test_a_league_that_stands_is_not_played_again_but_what_changed_is(conf, tmp_path, capsys):
    folder, words = tmp_path / "league", ["scenario=quiet", "policies=every_third", "--config-dir", str(conf)]
    assert league(folder, *words) == 0
    first, page = (folder / "quiet/manifest.json").read_bytes(), (folder / "league.html").read_bytes()
    assert league(folder, *words, "workers=2", "scenario=quiet,calm") == 0
    told = capsys.readouterr().err
    assert "quiet: stands from an earlier call" in told
    assert "calm: played" in told
    assert (folder / "quiet/manifest.json").read_bytes() == first
    assert league(folder, *words) == 0
    assert (folder / "league.html").read_bytes() == page
    assert league(folder, *words, "seed=5") == 0
    assert "quiet: played" in capsys.readouterr().err
    assert load(folder / "quiet").config["seed"] == 5


def test_an_edited_policy_plays_again(conf, tmp_path, capsys, monkeypatch):
    (tmp_path / "edited_policy.py").write_text("class Own:\n    def admit(self, request, fleet):\n        return True\n")
    (conf / "admission/own.yaml").write_text("_target_: edited_policy.Own\n")
    monkeypatch.syspath_prepend(tmp_path)
    words = ["scenario=quiet", "policies=own", "--config-dir", str(conf)]
    assert league(tmp_path / "league", *words) == 0
    (tmp_path / "edited_policy.py").write_text("class Own:\n    def admit(self, request, fleet):\n        return False\n")
    capsys.readouterr()
    assert league(tmp_path / "league", *words) == 0
    assert "quiet: played" in capsys.readouterr().err


@pytest.mark.parametrize("workers", [1, 2])
def test_a_policy_that_fails_is_listed_and_the_rest_is_kept(conf, tmp_path, capsys, workers):
    folder = tmp_path / "league"
    words = ["scenario=quiet", "policies=late,every_third,wrong", "--config-dir", str(conf), f"workers={workers}", "--json"]
    assert league(folder, *words) == 1
    document = json.loads(capsys.readouterr().out)
    failures = {one["policy"]: one["problems"][0] for one in document["failures"]}
    assert set(failures) == {"late", "wrong"}
    assert "too late for me" in failures["late"]
    assert "nth must be at least 2; it is 1" in failures["wrong"]
    assert [(one["policy"], one["rank"]) for one in document["policies"]] == [
        ("always", 1), ("every_third", 2), ("late", None), ("wrong", None),
    ]  # fmt: skip
    assert load(folder / "quiet").manifest["contenders"] == ["always", "every_third"]
    assert league(folder, *words) == 1  # it has had no chance to mend itself


def test_a_league_killed_half_way_goes_on_and_ends_as_one_that_was_not(conf, tmp_path, capsys):
    words = ["scenario=quiet,storm", "policies=every_third", "--config-dir", str(conf)]
    killed = tmp_path / "killed"
    command = [sys.executable, "-m", "cloudsim", "league", "admission", *QUICK, *words, f"output_dir={killed}"]
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment, start_new_session=True)
    until_s = time.monotonic() + 120
    while not (killed / "played.json").is_file():
        assert time.monotonic() < until_s, "the first scenario never ended"
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert load(killed / "quiet")
    assert not (killed / "league.json").exists()
    assert league(killed, *words) == 0
    told = capsys.readouterr().err
    assert "quiet: stands from an earlier call" in told
    assert "storm: played" in told
    assert league(tmp_path / "whole", *words) == 0
    ends = [(tmp_path / name / "league.csv").read_bytes() for name in ("killed", "whole")]
    assert ends[0] == ends[1]


def test_missing_traces_leave_a_scenario_out_and_are_no_failure(conf, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CLOUDSIM_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setenv("CLOUDSIM_CACHE", str(tmp_path / "nowhere"))
    assert league(tmp_path / "league", "scenario=quiet,real_traces", "policies=deadline", "--config-dir", str(conf)) == 0
    assert "Left out: real_traces: the data" in capsys.readouterr().out
    assert league(tmp_path / "league", "scenario=real_traces", "policies=deadline") == 2
    assert "CLOUDSIM_DATA=/path/to/data" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["budgte"], "budgte: there is no such kind of policy; did you mean budget? kinds: admission, routing"),
        (["admission", "scenario=strom"], "scenario=strom: unknown; did you mean storm? known: calm"),
        (["admission", "policies=deadlin"], "policies=deadlin: unknown; did you mean deadline? known: "),
        (["admission", "scenario=calm", "sedes=3"], "sedes=3: unknown key; did you mean seeds?"),
        (["admission", "scenario=calm", "+experiment=spot_preemption"], "a league has the policies of one kind"),
        (["admission", "league.valu=1"], "league.valu=1"),
        (["admission", "--value", "-1"], "value_usd_per_right: found -1.0; accepted: a number above 0"),
        (["admission", "league.contenders.any=l2b"], "there is no contender 'l2b'; did you mean l2a?"),
        (["admission", "--config-dir", "nowhere"], "--config-dir nowhere: no such folder"),
    ],
)
def test_bad_input_is_told_before_anything_runs(words, said, tmp_path, capsys):
    assert main(["league", *words, f"output_dir={tmp_path / 'league'}"]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "league").exists()


def test_an_interrupted_league_says_that_it_can_go_on(tmp_path, capsys, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("cloudsim.league.season.simulate", interrupted)
    assert league(tmp_path / "league", "scenario=calm", "policies=deadline") == 130
    assert "the scenarios that ended are kept" in capsys.readouterr().err
    assert not list(tmp_path.glob("league/calm*"))


def test_a_folder_with_other_files_is_left_alone(tmp_path, capsys):
    (tmp_path / "calm").mkdir()
    (tmp_path / "calm/thesis.txt").write_text("mine")
    assert league(tmp_path, "scenario=calm", "policies=deadline") == 1
    assert "holds files that are no run of cloudsim" in capsys.readouterr().err
    assert (tmp_path / "calm/thesis.txt").read_text() == "mine"
