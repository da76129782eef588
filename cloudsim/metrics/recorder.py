"""What happened to each request, kept as columns rather than objects."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.clock import Clock
from cloudsim.metrics.tables import STATUSES
from cloudsim.serving.request import Request

FIELDS: tuple[tuple[str, str], ...] = (
    ("request", "int64"),
    ("status", "int8"),
    ("reason", "int8"),
    ("dispatched_s", "float64"),
    ("first_token_s", "float64"),
    ("done_s", "float64"),
    ("output_tokens", "int32"),
    ("generated_tokens", "int32"),
    ("pool", "int8"),
    ("level", "int8"),
    ("token_level", "int8"),
    ("node", "int32"),
    ("preempted", "int32"),
    ("retries", "int32"),
    ("migrations", "int32"),
    ("gpu_s", "float64"),
    ("lost_gpu_s", "float64"),
)
CHUNK = 256
STATUS_CODES = {status: code for code, status in enumerate(STATUSES)}


class Recorder:
    """Takes each request once, at its end, and turns rows into typed columns a few thousand at a time.

    Args:
        pools: names of the contender's pools, in order.
    """

    def __init__(self, clock: Clock, pools: list[str]) -> None:
        self._clock = clock
        self._pools = {name: code for code, name in enumerate(pools)}
        self.reasons: dict[str, int] = {"": 0}
        self._rows: list[tuple[Any, ...]] = []
        self._chunks: list[list[NDArray[Any]]] = [[] for _ in FIELDS]
        self.count = 0  # requests that have ended

    def end(self, request: Request, status: str, reason: str) -> None:
        """Note the end of a request: its status, and why if it was not served."""
        replica = request.replica
        if replica is None:
            pool, node, level, token_level, gpus = -1, -1, -1, -1, 0
        else:
            pool, node, gpus = self._pools[replica.pool], replica.node_index, replica.gpus
            level, token_level = request.level.index, request.token_level.index
        self._rows.append((
            request.index, STATUS_CODES[status], self.reasons.setdefault(reason, len(self.reasons)), request.dispatched_s,
            request.first_token_s, self._clock._now, request.output_tokens, request.generated_tokens, pool, level, token_level, node,
            request.preempted, request.retries, request.migrations, request.past_gpu_s + request.gpu_s * gpus,
            request.past_lost_gpu_s + request.lost_gpu_s * gpus,
        ))  # fmt: skip
        self.count += 1
        if len(self._rows) >= CHUNK:
            self._flush()

    def _flush(self) -> None:
        for chunks, values, (_, kind) in zip(self._chunks, zip(*self._rows, strict=True), FIELDS, strict=True):
            chunks.append(np.array(values, dtype=kind))
        self._rows = []

    def columns(self) -> dict[str, NDArray[Any]]:
        """All columns, ordered by request; the recorder gives them away and is empty afterwards."""
        if self._rows:
            self._flush()
        columns: dict[str, NDArray[Any]] = {}
        order = None
        for at, (name, kind) in enumerate(FIELDS):
            column = np.concatenate([np.zeros(0, kind), *self._chunks[at]])
            self._chunks[at] = []
            if order is None:
                order = np.argsort(column, kind="stable")
            columns[name] = column[order]
        return columns
