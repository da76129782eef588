"""Step times against measured ones: single steps, elastic steps, and whole benchmarks through the engine."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cloudsim.latency.host import Host
from cloudsim.latency.lookup import find_latency
from cloudsim.models.elastic import static_profile
from cloudsim.models.gpu import find_gpu
from cloudsim.models.spec import find_model
from cloudsim.serving.closed_loop import Limits, closed_loop
from tests.validation.facts import decode_grid, prefill_grid, table

NO_HOST = Host(0.0, 0.0)
BLIS = Host(126e-6, 4.4e-6)
KEYS = ["gpu", "precision", "tensor_parallel", "model"]
SILICON = [("llama-3-70b", "h100", "vllm"), ("llama-3-70b", "h200", "vllm"), ("llama-3-8b", "h100", "trtllm")]


def found(gpu, precision, tensor_parallel, model, host=NO_HOST):
    spec = find_model(model)
    return spec, find_latency(spec, find_gpu(gpu), precision, tensor_parallel, host)


def decode_ms(spec, latency, sequences, tokens, read=1.0, depth=1.0, width=1.0):
    """Args: read: share of the layers that are read; depth, width: shares of layers and head groups that each sequence runs."""
    layers = sequences * depth * spec.layers
    return 1e3 * latency.decode_run(sequences, read * spec.layers, layers, layers * width * spec.kv_heads * tokens, 0)[0]


def prefill_ms(spec, latency, prompts, tokens):
    pairs = prompts * tokens**2 * spec.layers * spec.kv_heads
    return 1e3 * latency.mixed_run(prompts, spec.layers, 0, 0, 0, prompts * tokens * spec.layers, pairs, 0)[0]


@pytest.mark.parametrize(
    ("grid", "reckon", "size", "took"),
    [(decode_grid, decode_ms, "kv_tokens", "decode_ms"), (prefill_grid, prefill_ms, "prompt_tokens", "prefill_ms")],
)
def test_steps_of_all_models_gpus_and_precisions(grid, reckon, size, took):
    errors = {}
    for key, rows in grid().groupby(KEYS):
        served = found(*key)
        ours = [reckon(*served, batch, tokens) for batch, tokens in zip(rows["batch"], rows[size], strict=True)]
        errors[key] = np.mean(np.abs(np.array(ours) / rows[took] - 1))
    assert len(errors) >= 108
    assert np.mean(list(errors.values())) <= 0.04
    assert np.median(list(errors.values())) <= 0.033
    assert max(errors.values()) <= 0.14


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
    rows = table("skip_physics.csv")
    errors = {"whole": [], "uniform": [], "independent": [], "heads": []}
    for row in rows.to_dict("records"):
        served = (*found(row["gpu"], "bf16", 1, row["model"]), row["batch"], row["kv_tokens"])
        whole = decode_ms(*served)
        ours = {
            "whole": (whole, row["full_ms"]),
            "uniform": (decode_ms(*served, 0.5, 0.5), row["uniform50_ms"]),
            "independent": (decode_ms(*served, 1 - 0.5 ** row["batch"], 0.5), row["indep50_ms"]),
            "heads": (whole / decode_ms(*served, width=0.5), row["heads50_speedup"]),
        }
        for name, (reckoned, measured) in ours.items():
            errors[name].append(abs(reckoned / measured - 1))
    assert len(errors["whole"]) >= 100
    assert all(np.mean(each) <= 0.08 for each in errors.values()), {name: np.mean(each) for name, each in errors.items()}


@pytest.mark.parametrize(("model", "gpu", "backend"), SILICON)
def test_benchmarks_of_real_engines(model, gpu, backend):
    """Time per output token at a fixed number of requests in flight, through the product's engine."""
    rows = table("silicon_vs_prediction.csv")
    rows = rows[(rows["model"] == model) & (rows["gpu"] == gpu) & (rows["backend"] == backend) & (rows["kvq"] == "bfloat16")]
    profile, errors = static_profile(find_model(model)), []
    for row in rows.to_dict("records"):
        precision = "fp8" if str(row["gq"]).startswith("fp8") else "bf16"
        _, latency = found(gpu, precision, row["tensor_parallel"], model, BLIS)
        served = closed_loop(latency, profile, Limits(10**12, 16, 8192, 1024), row["bs"], row["prompt_tokens"], row["osl"])
        errors.append(abs(1e3 * served.tpot_s / row["sil_tpot"] - 1))
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
