"""The page of a league: what it says, and that it needs nothing from outside."""

import json
import re

import pytest

from cloudsim.cli import main


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("league")
    words = ["scenario=calm,storm", "policies=deadline", "duration_s=20", "drain_s=20", "seeds=2", "workers=1"]
    assert main(["league", "admission", *words, f"output_dir={folder}"]) == 0
    return (folder / "league.html").read_text(encoding="utf-8")


def test_the_page_shows_ranks_regret_differences_metrics_and_provenance(page):
    for section in ("ranking", "regret", "differences", "metrics", "provenance"):
        assert f"<section id='{section}'" in page
    assert "Which admission policy is worth most?" in page
    assert "The weakest claim behind these results is" in page
    assert "value of a right answer" in page
    ours, _, _ = page.partition('<script type="application/json"')  # what follows is Plotly, under a policy that refuses every request
    assert "default-src 'none'" in ours
    assert not re.search(r'(?:src|href)=["\']https?://', ours)


def test_the_figures_hold_the_numbers(page):
    [text] = re.findall(r'<script type="application/json" id="figures">(.*?)</script>', page, re.DOTALL)
    figures = {figure["name"]: figure["plots"] for figure in json.loads(text)}
    assert set(figures) == {"regret", "differences"}
    heat = figures["regret"][""]["figure"]["data"][0]
    assert heat["type"] == "heatmap"
    assert sorted(heat["y"]) == ["always", "deadline"]
    assert heat["x"] == ["calm", "storm"]
    assert min(value for row in heat["z"] for value in row) == 0.0
    forest = figures["differences"]["storm"]["figure"]["data"]
    assert [trace["y"] for trace in forest] == [["deadline"]]
    assert forest[0]["error_x"]["array"][0] >= 0
