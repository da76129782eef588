"""`python -m cloudsim evaluate`: the table of docs/l2a.md again, and in time."""

import csv
from pathlib import Path

import pytest

from tests.l2a.optional import needs
from tests.nightly.commands import told

needs("torch", "model")
pytestmark = pytest.mark.nightly

TABLE = Path(__file__).parents[2] / "docs" / "l2a_frontier.csv"


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    return told("evaluate", f"output_dir={tmp_path_factory.mktemp('evaluation') / 'run'}")


def test_it_takes_less_than_fifteen_minutes(evaluated):
    assert evaluated[1] < 15 * 60


def test_every_point_of_the_table_is_found_again_within_its_interval(evaluated):
    document = evaluated[0]
    found = {(point["method"], point["split"], point["budget"]): point["ci95"] for point in document["frontier"]}
    found |= {("dense", split, 1.0): interval for split, interval in document["dense_ci95"].items()}
    with TABLE.open(newline="") as lines:
        wanted = {(row["method"], row["split"], float(row["budget"])): float(row["accuracy"]) for row in csv.DictReader(lines)}
    assert found.keys() == wanted.keys()
    for point, (low, high) in found.items():
        assert low <= wanted[point] <= high, point


def test_decoding_is_as_much_faster_as_the_table_says(evaluated):
    assert evaluated[0]["decode_speedup"]["32"]["l2a_nested"]["0.7"] > 1.4
    assert evaluated[0]["gate_overhead"] < 0.01
