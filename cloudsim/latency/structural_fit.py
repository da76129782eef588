"""Fits the coefficients of `structural` to grids of step times."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cloudsim.latency.structural import POOLED
from cloudsim.models.gpu import find_gpu
from cloudsim.models.spec import BYTES_PER_WEIGHT, find_model

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
DECODE = ("weights", "head", "kv", "layer_ms", "sequence_layer_ms", "sequence_ms", "step_ms", "compute")
PREFILL = ("prompt_weights", "prompt_compute", "prompt_elementwise", "prompt_attention", "prompt_layer_ms", "prompt_step_ms")
ROUNDS = 40


def coefficient_rows(decode: "pd.DataFrame", prefill: "pd.DataFrame") -> "list[dict[str, str | float]]":
    """The rows of the catalogue `structural.csv`: one for each GPU and precision, and one pooled over several GPUs for each precision.

    Args:
        decode, prefill: grids; see `decode_terms` and `prefill_terms`.
    """

    def decode_error(grid: "pd.DataFrame", found: Array) -> float:
        return error_pct(decode_terms(grid), found, grid["decode_ms"].to_numpy(float))

    def prefill_error(grid: "pd.DataFrame", found: Array) -> float:
        return error_pct(prefill_terms(grid, found[0], found[1]), found, grid["prefill_ms"].to_numpy(float))

    rows: list[dict[str, str | float]] = []
    for precision in sorted(set(decode["precision"])):
        ours, prompts = decode[decode["precision"] == precision], prefill[prefill["precision"] == precision]
        gpus = sorted(set(ours["gpu"]))
        for gpu in (*gpus, POOLED) if len(gpus) > 1 else gpus:
            one, two = (grid if gpu == POOLED else grid[grid["gpu"] == gpu] for grid in (ours, prompts))
            by = "gpu" if gpu == POOLED else "model"
            found = dict(zip((*DECODE, *PREFILL), (*fit_decode(one), *fit_prefill(two)), strict=True))
            errors = {
                "decode_error_pct": left_out_pct(one, by, fit_decode, decode_error),
                "prefill_error_pct": left_out_pct(two, by, fit_prefill, prefill_error),
            }
            rows.append({"gpu": gpu, "precision": precision, **{name: float(f"{value:.6g}") for name, value in (found | errors).items()}})
    return rows


def decode_terms(grid: "pd.DataFrame") -> Array:
    """What each coefficient of `DECODE` multiplies, in ms. Shape (points, 8).

    Args:
        grid: columns gpu, precision, model, layers, query_heads, kv_heads, batch, kv_tokens, decode_ms; one GPU a replica.
    """
    shape = _shapes(grid)
    layers, batch = shape["layers"], grid["batch"].to_numpy(float)
    kv = 2 * shape["kv_heads"] * shape["head_dim"] * 2 * batch * grid["kv_tokens"].to_numpy(float)
    one = np.ones(len(grid))
    return np.stack(
        [layers * shape["weights_ms"], shape["head_ms"], layers * kv * shape["byte_ms"], layers, layers * batch, batch, one,
         layers * shape["compute_ms"] * batch], axis=1,
    )  # fmt: skip


def fit_decode(grid: "pd.DataFrame") -> Array:
    """Coefficients of `DECODE`, none below 0, with the least mean relative error."""
    return _least_relative(decode_terms(grid), grid["decode_ms"].to_numpy(float))


def prefill_terms(grid: "pd.DataFrame", weights: float, compute: float) -> Array:
    """As `decode_terms`, for `PREFILL`; of weights and compute only the larger counts at each point. Shape (points, 6).

    Args:
        grid: columns gpu, precision, model, layers, query_heads, kv_heads, batch, prompt_tokens, prefill_ms.
    """
    shape = _shapes(grid)
    layers, prompt, batch = shape["layers"], grid["prompt_tokens"].to_numpy(float), grid["batch"].to_numpy(float)
    tokens = prompt * batch
    moved, computed = layers * shape["weights_ms"], layers * shape["compute_ms"] * tokens
    moves = weights * moved > compute * computed
    attention = 2 * shape["query_heads"] * shape["head_dim"] * batch * prompt**2 * shape["bf16_ms"]
    return np.stack(
        [moved * moves, computed * ~moves, layers * 2 * shape["hidden"] * tokens * shape["byte_ms"], layers * attention, layers,
         np.ones(len(grid))], axis=1,
    )  # fmt: skip


def fit_prefill(grid: "pd.DataFrame") -> Array:
    """Coefficients of `PREFILL`; which of weights and compute counts is found in turns with them."""
    took, found = grid["prefill_ms"].to_numpy(float), np.array([1.2, 1.2])
    for _ in range(ROUNDS):
        found = _least_relative(prefill_terms(grid, found[0], found[1]), took)
    return found


def error_pct(terms: Array, coefficients: Array, took: Array) -> float:
    """Mean relative error in per cent."""
    return float(100 * np.mean(np.abs(terms @ coefficients / took - 1)))


def left_out_pct(
    grid: "pd.DataFrame", by: str, fit: "Callable[[pd.DataFrame], Array]", error: "Callable[[pd.DataFrame, Array], float]"
) -> float:
    """Mean error on groups of the grid that were left out of the fit, each in turn. Args: by: column that makes the groups."""
    return float(np.mean([error(group, fit(grid[grid[by] != name])) for name, group in grid.groupby(by)]))


def _least_relative(terms: Array, took: Array) -> Array:
    """Non-negative least absolute relative error, by reweighted least squares."""
    from scipy.optimize import nnls

    relative, weight = terms / took[:, None], np.ones(len(took))
    found: Array = np.zeros(terms.shape[1])
    for _ in range(ROUNDS):
        found, _ = nnls(relative * weight[:, None], weight)
        weight = 1 / np.sqrt(np.maximum(np.abs(relative @ found - 1), 0.01))
    return found


def _shapes(grid: "pd.DataFrame") -> Mapping[str, Array]:
    """Figures of each point's model and GPU: sizes, and the milliseconds of moving or computing them by the data sheet."""
    columns: dict[str, list[float]] = {}
    for gpu_name, precision, name, layers, query_heads, kv_heads in zip(
        *(grid[key] for key in ("gpu", "precision", "model", "layers", "query_heads", "kv_heads")), strict=True
    ):
        gpu, model = find_gpu(gpu_name), find_model(name)
        heads = query_heads + kv_heads - model.query_heads - model.kv_heads
        params = model.layer_params + 2 * model.hidden * model.head_dim * heads
        byte_ms = 1e3 / gpu.bandwidth_bytes_per_s
        values = {
            "layers": layers, "query_heads": query_heads, "kv_heads": kv_heads, "head_dim": model.head_dim, "hidden": model.hidden,
            "weights_ms": params * BYTES_PER_WEIGHT[precision] * byte_ms, "head_ms": model.hidden * model.vocab * 2 * byte_ms,
            "compute_ms": 2 * params * 1e3 / gpu.flops_in(precision), "byte_ms": byte_ms, "bf16_ms": 1e3 / gpu.flops_in("bf16"),
        }  # fmt: skip
        for key, value in values.items():
            columns.setdefault(key, []).append(value)
    return {key: np.array(values, float) for key, values in columns.items()}
