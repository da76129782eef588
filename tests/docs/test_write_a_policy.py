"""The commands of docs/write_a_policy.md, exactly as they stand there."""

import pytest

from cloudsim.results import load
from tests.docs.reader import ROOT, follow
from tests.policies.test_entries import METHODS

PAGE = ROOT / "docs/write_a_policy.md"


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """The folder of a reader who followed the page from top to bottom."""
    here, ran = follow(PAGE, tmp_path_factory.mktemp("reader"))
    assert ran >= 6
    return here


def policy(run, contender, kind):
    return run.config["contenders"][contender][kind]["_target_"]


def test_the_own_budget_is_used(followed):
    run = load(followed / "runs/budget")
    assert policy(run, "l2a", "budget") == "my_policy.ByTier"
    served = run.requests.query("contender == 'l2a' and node >= 0")
    given = served.groupby("tier", observed=True)["budget"].max().astype(float).round(2).to_dict()
    assert given == {"premium": 1.0, "standard": 0.9, "free": 0.8}
    assert len(run.manifest["contenders"]) == 5


def test_its_arguments_are_swept(followed):
    jobs = [load(followed / f"runs/sweep/{job}") for job in (0, 1)]
    assert [job.config["contenders"]["l2a"]["budget"]["busy_tokens"] for job in jobs] == [1000, 8000]


def test_a_target_alone_is_enough(followed):
    assert policy(load(followed / "runs/target"), "l2a", "routing") == "my_policy.Roomiest"
    assert policy(load(followed / "runs/whole"), "l2a", "budget") == "my_policy.ByTier"


def test_the_own_contender_is_compared(followed):
    run = load(followed / "runs/mine")
    assert run.manifest["contenders"] == ["l2a", "static_dense", "mine"]
    assert policy(run, "mine", "budget") == "my_policy.ByTier"
    assert policy(run, "mine", "routing") == "my_policy.Roomiest"
    assert (followed / "runs/mine/report.html").is_file()


def test_every_kind_of_policy_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    for kind, method in METHODS.items():
        assert f"| `{kind}` | `{method}(" in text
