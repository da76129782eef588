"""The product's step times beside measured ones: what the tests judge and the figures show."""

import numpy as np

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


def decode_errors():
    """Mean error of decode steps by GPU, precision, tensor parallelism and model."""
    return _errors(decode_grid(), decode_ms, "kv_tokens", "decode_ms")


def prefill_errors():
    """The same of steps with prompts."""
    return _errors(prefill_grid(), prefill_ms, "prompt_tokens", "prefill_ms")


def _errors(grid, reckon, size, took):
    errors = {}
    for key, rows in grid.groupby(KEYS):
        served = found(*key)
        ours = [reckon(*served, batch, tokens) for batch, tokens in zip(rows["batch"], rows[size], strict=True)]
        errors[key] = np.mean(np.abs(np.array(ours) / rows[took] - 1))
    return errors


def skipping():
    """What skipping half of the layers, or half of the head groups, saves: (kind, measured, ours), times in ms or a speed-up."""
    points = []
    for row in table("skip_physics.csv").to_dict("records"):
        served = (*found(row["gpu"], "bf16", 1, row["model"]), row["batch"], row["kv_tokens"])
        whole = decode_ms(*served)
        points += [
            ("whole", row["full_ms"], whole),
            ("uniform", row["uniform50_ms"], decode_ms(*served, 0.5, 0.5)),
            ("independent", row["indep50_ms"], decode_ms(*served, 1 - 0.5 ** row["batch"], 0.5)),
            ("heads", row["heads50_speedup"], whole / decode_ms(*served, width=0.5)),
        ]
    return points


def benchmarks(model, gpu, backend):
    """Time per output token of a real engine at a fixed number of requests in flight: (measured, ours) in ms."""
    rows = table("silicon_vs_prediction.csv")
    rows = rows[(rows["model"] == model) & (rows["gpu"] == gpu) & (rows["backend"] == backend) & (rows["kvq"] == "bfloat16")]
    profile, points = static_profile(find_model(model)), []
    for row in rows.to_dict("records"):
        precision = "fp8" if str(row["gq"]).startswith("fp8") else "bf16"
        _, latency = found(gpu, precision, row["tensor_parallel"], model, BLIS)
        served = closed_loop(latency, profile, Limits(10**12, 16, 8192, 1024), row["bs"], row["prompt_tokens"], row["osl"])
        points.append((row["sil_tpot"], 1e3 * served.tpot_s))
    return points
