"""From what was recorded of a block of requests to rows of the result table: latencies at the client, right answers, the SLA."""

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.cluster.pool import Pool
from cloudsim.config import RunConfig
from cloudsim.metrics.recorder import STATUS_CODES
from cloudsim.serving.answers import Answers
from cloudsim.workload.block import Columns, RequestBlock

COMPLETED, UNFINISHED = STATUS_CODES["completed"], STATUS_CODES["unfinished"]
LEVEL_FIELDS = ("budget", "depth", "width")


class RequestRows:
    """Makes the rows of one run's request table, but for energy, which is known at the end alone. Words are codes still."""

    def __init__(self, config: RunConfig, pools: Sequence[Pool], answers: Answers) -> None:
        self._config, self._pools, self._answers = config, pools, answers
        self.models = (*(pool.model.name for pool in pools), "")  # words of the column `model`
        self._of_levels = {
            field: _table([[getattr(level, field) for level in pool.profile.levels] for pool in pools]).astype(np.float32)
            for field in LEVEL_FIELDS
        }

    def rows(self, block: RequestBlock, noted: Columns) -> dict[str, NDArray[Any]]:
        """The columns of a block.

        Args:
            noted: what the recorder has of it; its arrays are made use of.
        """
        engine, status, pool, level = self._config.engine, noted["status"], noted["pool"], noted["level"]
        complete = status == COMPLETED
        first, done = noted["first_token_s"], noted["done_s"]
        first[first < 0] = nan
        first += engine.request_overhead_s
        done[status == UNFINISHED] = nan
        done[complete] += engine.request_overhead_s + engine.token_overhead_s * (noted["output_tokens"][complete] - 1)
        np.fmax(done, first, out=done, where=status != UNFINISHED)  # one may be lost while its first token is on its way to the client
        dispatched = noted["dispatched_s"]
        dispatched[dispatched < 0] = nan
        met_sla = self._met_sla(block, noted)
        settled = self._answers.settle(block, noted)
        return {
            "request": noted["request"],
            "tier": block.tier,
            "status": status,
            "reason": noted["reason"],
            "arrival_s": block.trace.arrival_s,
            "dispatched_s": dispatched,
            "first_token_s": first,
            "done_s": done,
            "input_tokens": block.trace.input_tokens.astype(np.int32),
            "output_tokens": settled.get("output_tokens", noted["output_tokens"]),
            "generated_tokens": noted["generated_tokens"],
            "difficulty": block.difficulty.astype(np.float32),
            "model": np.where(level >= 0, pool, len(self._pools)).astype(np.int8),
            "node": noted["node"],
            "budget": self._of_levels["budget"][pool, level],
            "depth": settled["depth"] if "depth" in settled else self._of_levels["depth"][pool, level],
            "width": settled["width"] if "width" in settled else self._of_levels["width"][pool, level],
            "tokens": noted["reasoning_share"],
            "correct": np.where(complete, settled["right"], -1).astype(np.int8),
            "met_sla": met_sla,
            "preempted": noted["preempted"],
            "retries": noted["retries"],
            "migrations": noted["migrations"],
            "escalations": noted["escalations"],
            "samples": noted["samples"],
            "cached_tokens": noted["cached_tokens"],
            "gpu_s": noted["gpu_s"],
            "lost_gpu_s": noted["lost_gpu_s"],
        }

    def _met_sla(self, block: RequestBlock, noted: Columns) -> NDArray[np.int8]:
        tiers = list(self._config.tiers.values())
        ttft_s, tpot_s, e2e_s = (np.array([getattr(tier, name) for tier in tiers]) for name in ("ttft_s", "tpot_s", "e2e_s"))
        tier, arrival, output = block.tier, block.trace.arrival_s, noted["output_tokens"]
        first, done = noted["first_token_s"], noted["done_s"]
        tpot = (done - first) / np.maximum(output - 1, 1)
        in_time = (first - arrival <= ttft_s[tier]) & ((tpot <= tpot_s[tier]) | (output == 1)) & (done - arrival <= e2e_s[tier])
        met: NDArray[np.int8] = (in_time & (noted["status"] == COMPLETED)).astype(np.int8)
        return met


def _table(values: list[list[float]]) -> NDArray[np.float64]:
    """values[pool][level] as an array whose last row and column are NaN: pool and level -1, of requests that never had a replica."""
    table = np.full((len(values) + 1, max(len(row) for row in values) + 1), nan)
    for at, row in enumerate(values):
        table[at, : len(row)] = row
    return table
