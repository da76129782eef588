"""The commands of docs/learning.md, exactly as they stand there."""

import json

import pytest

from cloudsim.learning.card import rows
from cloudsim.results import load
from policies.budget import learned, q_table
from tests.docs.reader import ROOT, follow

PAGE = ROOT / "docs/learning.md"


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    here, ran = follow(PAGE, tmp_path_factory.mktemp("reader"))
    assert ran == 3
    return here


def test_a_policy_is_trained_and_used(followed):
    document = json.loads((followed / "runs/mine/comparison.json").read_text())
    assert [row[0] for row in rows(document)][:2] == ["trained", "untrained"]
    run = load(followed / "runs/with_mine")
    assert run.config["contenders"]["q_table"]["budget"]["path"] == "runs/mine/policy"
    assert run.manifest["contenders"] == ["l2a", "learned", "q_table", "leanest"]


@pytest.mark.parametrize("made", [learned, q_table])
def test_the_page_says_what_the_cards_say(made):
    page = PAGE.read_text(encoding="utf-8").replace("−", "-")
    table = [line.strip("| ").split(" | ") for line in (made.TRAINED / "card.md").read_text().splitlines() if line.startswith("| ")]
    for name, reward, difference, sla, right, goodput, budget in table[2:]:
        told = [reward, sla.strip("%"), right.strip("%"), goodput, budget]
        assert f"| {' | '.join(told)} |" in page, name
        assert difference in page or difference == "+0.0 (+0.0 to +0.0)"
