"""Searches from the command line: what they leave, how they go on, and what they say of bad input."""

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
import yaml

from cloudsim.cli import main
from cloudsim.results import load

ROOT = Path(__file__).parents[2]
QUICK = [
    "contender=l2a", "duration_s=20", "drain_s=20", "workload.rate_scale=8", "seeds=2", "workers=1", "timeline_interval_s=10",
    "calibration_seeds=2", "startup_trials=2",
]  # fmt: skip


def tune(folder, *words):
    return main(["tune", *QUICK, f"output_dir={folder}", *words])


def trials(folder):
    return list(csv.DictReader(io.StringIO((folder / "trials.csv").read_text())))


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tune") / "l2a"
    assert tune(folder, "trials=4") == 0
    return folder


def test_a_search_of_four_trials_end_to_end(tuned):
    document = json.loads((tuned / "tune.json").read_text())
    assert document["calibration"]["seed"] == 1_000_000
    assert document["evaluation"]["seed"] == 0
    assert sum(document["trials"].values()) == 4
    rows = trials(tuned)
    assert [row["trial"] for row in rows] == ["untuned", "0", "1", "2", "3"]
    allowed = [float(row["correct_goodput_rps"]) for row in rows if row["state"] == "complete" and row["feasible"] == "True"]
    assert document["best"]["correct_goodput_rps"] == max(allowed)
    assert document["cost_cap_usd_per_h"] == float(rows[0]["cost_usd_per_h"])
    for row in rows[1:]:
        assert 0.1 <= float(row["budget.headroom"]) <= 1.0
        assert 512 <= int(row["budget.queue_tokens"]) <= 32768
        assert (row["replications"] == "2") == (row["state"] == "complete")


def test_untuned_and_tuned_meet_on_the_seeds_of_the_evaluation(tuned):
    document, run = json.loads((tuned / "tune.json").read_text()), load(tuned / "evaluation")
    assert run.manifest["contenders"] == ["l2a", "l2a_tuned"]
    assert (run.config["seed"], run.config["seeds"]) == (0, 2)
    for key, value in document["best"]["setting"].items():
        part, name = key.split(".")
        assert run.config["contenders"]["l2a_tuned"][part][name] == value
    told = document["evaluated"]["correct_goodput_rps"]
    assert told["difference"] == run.summary["contenders"]["l2a_tuned"]["correct_goodput_rps"]["difference"]
    assert told["untuned"] == run.summary["contenders"]["l2a"]["correct_goodput_rps"]["mean"]


def test_the_tuned_contender_can_be_used_as_an_entry_and_as_overrides(tuned, tmp_path):
    document = json.loads((tuned / "tune.json").read_text())
    words = ["duration_s=5", "drain_s=5", "seeds=1", "workers=1", f"output_dir={tmp_path / 'run'}"]
    entry = ["--config-dir", str(tuned / "conf"), "+contender@contenders.mine=l2a_tuned", "+contender@contenders.l2a=l2a"]
    pasted = yaml.safe_load((tuned / "best.yaml").read_text())["overrides"]
    assert pasted == document["overrides"]
    assert main(["run", *entry, *pasted, *words]) == 0
    found = load(tmp_path / "run").config["contenders"]
    assert found["mine"] == found["l2a"]


def test_the_page_shows_history_parameters_and_the_evaluation(tuned):
    page = (tuned / "tune.html").read_text(encoding="utf-8")
    for section in ("evaluation", "search", "parameters", "provenance"):
        assert f"<section id='{section}'" in page
    ours, _, figures = page.partition('<script type="application/json" id="figures">')
    assert "default-src 'none'" in ours
    drawn = {one["name"]: one["plots"][""]["figure"]["data"] for one in json.loads(figures.partition("</script>")[0])}
    assert {"history", "coordinates"} <= set(drawn)
    complete = sum(row["state"] == "complete" for row in trials(tuned))
    assert len(drawn["coordinates"]) == complete
    for line in drawn["coordinates"]:
        assert len(line["y"]) == 4
        assert all(0 <= value <= 1 for value in line["y"])


def test_a_finished_search_is_not_run_again_and_a_longer_one_goes_on(tuned, tmp_path, capsys):
    before = (tuned / "study.journal").read_bytes()
    report = (tuned / "evaluation/manifest.json").read_bytes()
    assert tune(tuned, "trials=4") == 0
    assert "seed 0:" not in capsys.readouterr().err
    assert (tuned / "study.journal").read_bytes().startswith(before)
    assert (tuned / "evaluation/manifest.json").read_bytes() == report
    first = (tuned / "trials.csv").read_text()
    assert tune(tuned, "trials=5") == 0
    assert (tuned / "trials.csv").read_text().startswith(first)
    assert len(trials(tuned)) == 6


def test_a_search_that_was_killed_ends_as_one_that_was_not(tmp_path):
    words = [*QUICK, "trials=6", "duration_s=30"]
    killed = tmp_path / "killed"
    command = [sys.executable, "-m", "cloudsim", "tune", *words, f"output_dir={killed}"]
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True)
    until_s = time.monotonic() + 120
    for line in process.stderr:
        assert time.monotonic() < until_s
        if line.startswith("3/6:"):
            break
    time.sleep(0.05)  # into the fourth trial
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    assert not (killed / "trials.csv").exists()
    (killed / "study.journal").open("ab").close()
    assert main(["tune", *words, f"output_dir={killed}"]) == 0
    assert main(["tune", *words, f"output_dir={tmp_path / 'whole'}"]) == 0
    assert (killed / "trials.csv").read_bytes() == (tmp_path / "whole/trials.csv").read_bytes()


def test_a_line_that_was_cut_off_is_taken_away(tmp_path):
    folder = tmp_path / "cut"
    assert tune(folder, "trials=1") == 0
    journal = folder / "study.journal"
    journal.write_bytes(journal.read_bytes() + b'{"op_code": 4, "wor')
    assert tune(folder, "trials=2") == 0
    assert len(trials(folder)) == 3


def test_several_objectives_give_a_front(tmp_path, capsys):
    folder = tmp_path / "front"
    assert tune(folder, "trials=3", "objectives=[quality,ttft_p99_s]", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [goal["better"] for goal in document["objectives"]] == ["higher", "lower"]
    assert document["trials"]["pruned"] == 0
    front = document["front"]
    for one in front:
        assert not any(other["quality"] > one["quality"] and other["ttft_p99_s"] < one["ttft_p99_s"] for other in front)
    assert document["best"]["quality"] == max(one["quality"] for one in front)
    assert "Pareto front" in (folder / "tune.html").read_text(encoding="utf-8")


def test_a_setting_that_a_policy_refuses_is_a_failed_trial(tmp_path):
    space = tmp_path / "space.yaml"
    space.write_text("budget.budget: {choices: [0.8, 7.0]}\n")
    folder = tmp_path / "refused"
    assert tune(folder, "+contender@contenders.l2a=l2a", "budget@contenders.l2a.budget=fixed", f"space={space}", "trials=4") == 0
    failed = [row for row in trials(folder) if row["budget.budget"] == "7.0"]
    assert failed
    for row in failed:
        assert row["state"] == "failed"
        assert "7.0" in row["problem"]


def test_a_cap_below_what_it_costs_leaves_the_untuned_setting(tmp_path, capsys):
    assert tune(tmp_path / "cap", "trials=2", "cost_cap_usd_per_h=0.01", "prune=false") == 0
    assert "no setting within the cap beat the untuned one" in capsys.readouterr().out
    assert {row["feasible"] for row in trials(tmp_path / "cap")} == {"False"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "contender: missing; write contender=NAME; known: cascade, l2a, "),
        (["contender=l2b"], "contender=l2b: unknown; did you mean l2a?"),
        (["contender=on_demand"], "contender on_demand: nothing to tune"),
        (["contender=l2a", "trials=0"], "trials: found 0; accepted: a whole number of at least 1"),
        (["contender=l2a", "objectives=[goodput]"], "objectives: found 'goodput'; did you mean goodput_rps?"),
        (["contender=l2a", "space=nowhere.yaml"], "space: there is no file nowhere.yaml"),
        (["contender=l2a", "trails=3"], "trails=3: unknown key"),
        (["contender=l2a", "--config-dir", "nowhere"], "--config-dir nowhere: no such folder"),
    ],
)
def test_bad_input_is_told_before_anything_runs(words, said, tmp_path, capsys):
    assert main(["tune", *words, f"output_dir={tmp_path / 'tune'}"]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "tune").exists()


def test_an_interrupted_search_says_that_it_can_go_on(tmp_path, capsys, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("cloudsim.tuning.trial.simulate", interrupted)
    assert tune(tmp_path / "tune") == 130
    assert "the trials that ended are kept" in capsys.readouterr().err


def test_a_folder_of_another_search_is_not_touched(tuned, capsys):
    before = (tuned / "study.journal").read_bytes()
    assert tune(tuned, "sampler_seed=7", "duration_s=25") == 2
    assert "has a search that differs in duration_s, tune.sampler_seed" in capsys.readouterr().err
    assert (tuned / "study.journal").read_bytes() == before


def test_without_optuna_the_extra_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert tune(tmp_path / "tune") == 2
    assert 'pip install -c constraints.txt -e ".[tune]"' in capsys.readouterr().err
