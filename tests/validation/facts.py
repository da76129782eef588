"""Measured step times of many models, GPUs and precisions, from outside the project; see `CLOUDSIM_DATA`."""

import os
from pathlib import Path

import pandas as pd
import pytest

FOLDER = Path(os.environ.get("CLOUDSIM_DATA", "../shared/data")).parent / "facts" / "latency"
GPUS = {"h100_sxm": "h100", "h200_sxm": "h200", "b200_sxm": "b200", "a100_sxm": "a100", "l40s": "l40s"}
TABLES = "operator tables"


def table(name):
    """One file with the catalogue's names of models, GPUs and precisions; the test is skipped where it is absent, but not in CI."""
    path = FOLDER / name
    if not path.is_file():
        if os.environ.get("CI") == "true":
            raise FileNotFoundError(path)
        pytest.skip(f"{path} is absent; set CLOUDSIM_DATA to the folder data beside facts")
    found = pd.read_csv(path)
    found["gpu"], found["model"] = found["system"].map(GPUS), found["model"].str.lower()
    return found.rename(
        columns={"quant": "precision", "q_heads": "query_heads", "kv_len": "kv_tokens", "isl": "prompt_tokens", "tp": "tensor_parallel"}
    )


def decode_grid():
    """Decode steps that fit into memory, of whole models."""
    grid = table("decode_grid.csv")
    return grid[(grid["backend"] == "vllm") & (grid["fits"] == 1) & (grid["frac"] == "1.0")]


def prefill_grid():
    """Steps with prompts, of whole models."""
    grid = table("prefill_grid.csv")
    return grid[(grid["backend"] == "vllm") & (grid["frac"] == "1.0")]
