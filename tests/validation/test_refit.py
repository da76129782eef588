"""The fitted files of the catalogue follow from the measured grids."""

import csv

import pytest

from tests.validation.comparison import KEYS
from tests.validation.refit import CATALOGUE, prompt_columns, structural_rows


def shipped(name):
    with (CATALOGUE / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_coefficients_of_a_gpu_are_those_of_its_grids():
    made = next(row for row in structural_rows("a100", "bf16") if row["gpu"] == "a100")
    [known] = [row for row in shipped("structural.csv") if (row["gpu"], row["precision"]) == ("a100", "bf16")]
    assert {name: float(known[name]) for name in made if name not in ("gpu", "precision")} == pytest.approx(
        {name: value for name, value in made.items() if name not in ("gpu", "precision")}, rel=1e-3, abs=1e-9
    )


def test_prompts_are_those_of_their_grids():
    columns = prompt_columns()
    rows = shipped("latency.csv")
    checked = 0
    for row in rows:
        for name, value in columns.get(tuple(row[key] for key in KEYS), {}).items():
            assert float(row[name]) == pytest.approx(float(value), rel=1e-3, abs=1e-9), (row, name)
            checked += 1
    assert checked == 5 * len(rows)
