"""Step times of a network on this CPU, fitted to the terms of the simulator's latency model."""

import platform
from collections.abc import Callable
from functools import partial
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

from cloudsim.l2a.live.network import LiveNetwork
from cloudsim.l2a.plan import DensePlanner, Planner, StaticPlanner
from cloudsim.l2a.threads import torch_threads
from cloudsim.models.measured import Clock

BATCHES, DEPTHS, CONTEXTS = (1, 8, 32), (1.0, 0.75, 0.5), (32, 128)
PROMPTS = ((1, 16), (1, 64), (8, 64), (4, 128))
REPEATS = 5


def measure_clock(network: LiveNetwork) -> Clock:
    """Time prefills and decode steps with random tokens at several depths, batches and lengths, each as the fastest of some.

    A decode step is fitted as head + layers·layer + Σ layers·sequence + Σ units·tokens·kv, a prefill as head + layers·layer +
    tokens·layers·token + tokens²·units·pair, with no term below 0 and the least relative error.
    """
    layers, groups = len(network.decoder.layers), network.decoder.groups
    decodes, prefills = [], []
    with torch_threads(1):
        for depth in DEPTHS:
            kept = max(1, round(depth * layers))
            planner = StaticPlanner(torch.arange(layers) < kept, torch.ones(layers, groups))
            for rows, length in PROMPTS:
                seconds = _fastest(partial(_prefill_s, network, rows, length, planner))
                prefills.append((1, kept, rows * length * kept, rows * length * length * kept * groups, seconds))
            for rows in BATCHES:
                for context in CONTEXTS:
                    seconds = _fastest(partial(_step_s, network, rows, context, planner))
                    decodes.append((1, kept, rows * kept, rows * context * kept * groups, seconds))
    decode, decode_error = _fit(np.array(decodes))
    prefill, prefill_error = _fit(np.array(prefills))
    return Clock(
        machine=f"one thread of {processor()}", error_pct=round(50 * (decode_error + prefill_error), 2),
        head_s=decode[0], layer_s=decode[1], sequence_layer_s=decode[2], kv_unit_s=decode[3],
        prefill_layer_s=prefill[1] + prefill[0] / layers, prefill_token_layer_s=prefill[2], prefill_pair_unit_s=prefill[3],
    )  # fmt: skip


def measure_gates(network: LiveNetwork) -> float:
    """Time that gates add to reading a prompt, as a share of the time of a whole answer of 64 tokens, for 8 sequences."""
    groups = network.decoder.groups
    if network.mode == "dense":
        return 0.0
    with torch_threads(1):
        gated = _fastest(partial(_prefill_s, network, 8, 64, network.planner))
        plain = _fastest(partial(_prefill_s, network, 8, 64, DensePlanner(groups)))
        step = _fastest(partial(_step_s, network, 8, 64, DensePlanner(groups)))
    return max(0.0, gated - plain) / (plain + 64 * step)


def processor() -> str:
    """What this machine calls its processor."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as facts:
            return next(line.partition(":")[2].strip() for line in facts if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _fastest(measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(REPEATS))


def _prompts(rows: int, length: int) -> list[list[int]]:
    random = np.random.default_rng(rows * 1000 + length)
    return [[int(token) for token in random.integers(10, 100, length)] for _ in range(rows)]


def _prefill_s(network: LiveNetwork, rows: int, length: int, planner: Planner) -> float:
    prompts, budget = _prompts(rows, length), torch.ones(rows, 3)
    started = perf_counter()
    network.decoder.prefill(prompts, budget, planner, length + 1)
    return perf_counter() - started


def _step_s(network: LiveNetwork, rows: int, context: int, planner: Planner) -> float:
    running = network.decoder.prefill(_prompts(rows, context), torch.ones(rows, 3), planner, context + 4)
    tokens = torch.full((rows,), 11)
    started = perf_counter()
    for _ in range(4):
        network.decoder.decode(running, tokens)
    return (perf_counter() - started) / 4


def _fit(rows: NDArray[np.float64]) -> tuple[list[float], float]:
    """Coefficients of all columns but the last for the last, none below 0, and their mean relative error."""
    from scipy.optimize import nnls

    terms, seconds = rows[:, :-1], rows[:, -1]
    scale = terms.max(0)
    found = nnls(terms / scale / seconds[:, None], np.ones(len(rows)))[0] / scale
    return [float(value) for value in found], float(np.abs(terms @ found / seconds - 1).mean())
