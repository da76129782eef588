"""The commands of docs/models.md, exactly as they stand there."""

import pytest

from cloudsim.results import load
from tests.docs.reader import ROOT, follow


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    here, ran = follow(ROOT / "docs/models.md", tmp_path_factory.mktemp("reader"))
    assert ran == 4
    return here


def test_the_own_model_and_its_elastic_profile_are_served(followed):
    run = load(followed / "runs/mine")
    fleet = run.config["contenders"]["l2a"]["pools"]["large"]
    assert (fleet["model"], fleet["elastic"]) == ("my-3b", "my-3b-l2a")
    served = run.requests.query("contender == 'l2a' and status == 'completed'")
    assert set(served["model"]) == {"my-3b"}
    assert served["budget"].min() < 1.0 == served["budget"].max()
    told = {source["name"]: source for source in run.manifest["inputs"]}
    assert told["gsm8k score of my-3b (base)"]["provenance"] == "measured"
    assert "lm-eval" in told["gsm8k score of my-3b (base)"]["origin"]
    assert told["elastic profile my-3b-l2a, b = 0.8"]["origin"] == "our gates, evaluated in 2026-11"
    [steps] = [source for name, source in told.items() if name.startswith("step times of my-3b ")]
    assert steps["provenance"] == "projected"


def test_the_own_step_times_take_the_place_of_the_projected_ones(followed):
    run = load(followed / "runs/measured")
    steps = [source for source in run.manifest["inputs"] if source["name"].startswith("step times of my-3b ")]
    assert {source["provenance"] for source in steps} == {"measured"}
    assert all("vLLM 0.24, 2026-11" in source["origin"] for source in steps)
    assert (followed / "steps/my-3b_l40s_bf16_tp1.html").is_file()
