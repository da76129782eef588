"""Step times against measured ones: single steps, elastic steps, and whole benchmarks through the engine."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.validation.comparison import KEYS, SILICON, benchmarks, decode_errors, decode_ms, found, prefill_errors, skipping
from tests.validation.facts import table


@pytest.mark.parametrize("errors", [decode_errors, prefill_errors])
def test_steps_of_all_models_gpus_and_precisions(errors):
    each = list(errors().values())
    assert len(each) >= 108
    assert np.mean(each) <= 0.04
    assert np.median(each) <= 0.033
    assert max(each) <= 0.14


def test_time_is_linear_in_layers():
    """Models with a part of their layers, which no fit has seen."""
    grid = table("decode_grid.csv")
    grid = grid[(grid["backend"] == "vllm") & (grid["fits"] == 1) & grid["frac"].isin(["0.75", "0.5"]) & (grid["tensor_parallel"] == 1)]
    errors = []
    for key, rows in grid.groupby(KEYS):
        spec, latency = found(*key)
        share = rows["layers"] / spec.layers
        ours = [decode_ms(spec, latency, *row) for row in zip(rows["batch"], rows["kv_tokens"], share, share, strict=True)]
        errors.append(np.mean(np.abs(np.array(ours) / rows["decode_ms"] - 1)))
    assert len(errors) >= 10
    assert np.mean(errors) <= 0.06


def test_what_skipping_saves():
    """Uniform and independent skips of a half of the layers, and half of the heads pruned; 1 to 256 sequences on three GPUs."""
    errors = {}
    for kind, measured, ours in skipping():
        errors.setdefault(kind, []).append(abs(ours / measured - 1))
    assert len(errors["whole"]) >= 100
    assert all(np.mean(each) <= 0.08 for each in errors.values()), {name: np.mean(each) for name, each in errors.items()}


@pytest.mark.parametrize(("model", "gpu", "backend"), SILICON)
def test_benchmarks_of_real_engines(model, gpu, backend):
    """Time per output token at a fixed number of requests in flight, through the product's engine."""
    errors = [abs(ours / measured - 1) for measured, ours in benchmarks(model, gpu, backend)]
    assert len(errors) >= 45
    assert np.mean(errors) <= 0.08


def test_steps_with_a_prompt_beside_decoding_sequences():
    """Out of the operator tables (aiconfigurator-core 0.12.0, `mixed_step_latency`): one whole prompt beside 1 to 128 sequences."""
    rows = pd.read_csv(Path(__file__).parent / "mixed_steps.csv")
    errors = []
    for key, group in rows.groupby(["gpu", "precision", "model"]):
        spec, latency = found(key[0], key[1], 1, key[2])
        layers = spec.layers
        units = layers * spec.kv_heads
        for row in group.to_dict("records"):
            prompt, batch = row["prompt_tokens"], row["batch"]
            cached, pairs = batch * row["kv_tokens"] * units, prompt**2 * units
            ours = 1e3 * latency.mixed_run(batch + 1, layers, batch * layers, cached, 0, prompt * layers, pairs, 0)[0]
            errors.append(abs(ours / row["mixed_ms"] - 1))
    assert len(errors) == 300
    assert np.mean(errors) <= 0.08
