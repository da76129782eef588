"""`python -m tests.validation.refit`: makes the fitted files of the catalogue anew from the measured grids.

All of `structural.csv`; of `latency.csv` the columns of prompts (those of decode steps are `facts/latency/fits.csv`).
"""

import csv
from pathlib import Path

from cloudsim.latency.prompt_fit import fit_prompts
from cloudsim.latency.structural_fit import coefficient_rows
from tests.validation.comparison import KEYS
from tests.validation.facts import prefill_grid, table

CATALOGUE = Path(__file__).parents[2] / "cloudsim" / "models" / "catalog"
DEPTHS = ("1.0", "0.75", "0.66", "0.5")


def one_gpu(name):
    """The points of one grid on one GPU a replica, of whole models and of parts of their layers."""
    grid = table(name)
    grid = grid[(grid["tensor_parallel"] == 1) & (grid["backend"] == "vllm") & grid["frac"].isin(DEPTHS)]
    return grid[grid["fits"] == 1] if "fits" in grid else grid


def structural_rows(gpu=None, precision=None):
    """Rows of `structural.csv`, of one GPU and precision if given."""
    grids = [one_gpu("decode_grid.csv"), one_gpu("prefill_grid.csv")]
    if gpu is not None:
        grids = [grid[(grid["gpu"] == gpu) & (grid["precision"] == precision)] for grid in grids]
    return coefficient_rows(*grids)


def prompt_columns():
    """The columns of prompts in `latency.csv`, by GPU, precision, tensor parallelism and model."""
    made = {}
    for key, rows in prefill_grid().groupby(KEYS):
        tokens, batch = rows["prompt_tokens"].to_numpy(float), rows["batch"].to_numpy(float)
        fit = fit_prompts(batch * tokens, batch * tokens**2, rows["prefill_ms"].to_numpy(float))
        values = (fit.floor_ms, fit.step_ms, fit.token_ms, fit.token2_ms, fit.error_pct)
        names = ("prefill_floor_ms", "prefill_step_ms", "prefill_token_ms", "prefill_token2_ms", "prefill_mape_pct")
        made[tuple(map(str, key))] = {name: f"{value:.6g}" for name, value in zip(names, values, strict=True)}
    return made


def main():
    write(CATALOGUE / "structural.csv", structural_rows())
    columns = prompt_columns()
    with (CATALOGUE / "latency.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    write(CATALOGUE / "latency.csv", [row | columns.get(tuple(row[name] for name in KEYS), {}) for row in rows])


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
