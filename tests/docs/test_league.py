"""The commands of docs/league.md, exactly as they stand there."""

import json

import pytest

from cloudsim.results import load
from tests.docs.reader import ROOT, follow

PAGE = ROOT / "docs/league.md"


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """The folder of a reader who followed the page from top to bottom."""
    here, ran = follow(PAGE, tmp_path_factory.mktemp("reader"))
    assert ran == 7
    return here


def test_the_shipped_policies_are_ranked(followed):
    document = json.loads((followed / "runs/league/admission/league.json").read_text())
    assert document["default"] == "always"
    assert set(document["scenarios"]) == {"calm", "storm"}
    assert {"always", "deadline"} <= {one["policy"] for one in document["policies"]}
    assert (followed / "runs/league/admission/league.html").is_file()


def test_the_own_policy_plays_in_the_own_scenario(followed):
    document = json.loads((followed / "runs/mine/league.json").read_text())
    assert set(document["scenarios"]) == {"rush", "calm"}
    assert {one["policy"] for one in document["policies"]} == {"always", "deadline", "patience"}
    requests = load(followed / "runs/mine/rush").requests
    assert ((requests["contender"] == "patience") & (requests["status"] == "rejected")).any()


def test_the_base_fleet_is_an_ordinary_run(followed):
    assert load(followed / "runs/base").manifest["contenders"][0] == "default"


def test_the_tuned_contender_is_used(followed):
    tuned = json.loads((followed / "runs/tune/l2a/tune.json").read_text())
    budget = load(followed / "runs/tuned").config["contenders"]["l2a_tuned"]["budget"]
    assert {f"budget.{name}": value for name, value in budget.items() if f"budget.{name}" in tuned["best"]["setting"]} == tuned["best"][
        "setting"
    ]


def test_the_own_contender_is_tuned_in_the_own_scenario(followed):
    tuned = json.loads((followed / "runs/tune/patient/tune.json").read_text())
    assert set(tuned["untuned"]["setting"]) == {"admission.most", "budget.headroom", "provisioning.retry_s"}
    assert load(followed / "runs/tune/patient/evaluation").config["workload"]["rate_scale"] == 16.0


def test_every_scenario_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    for file in (ROOT / "experiments/scenario").glob("*.yaml"):
        assert f"| `{file.stem}` |" in text
