"""What happened to each request, kept as columns rather than objects."""

from collections.abc import Callable
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudsim.clock import Clock
from cloudsim.errors import SimulationError
from cloudsim.metrics.tables import STATUSES
from cloudsim.serving.request import Request
from cloudsim.workload.block import BLOCK, Columns, RequestBlock
from cloudsim.workload.workload import Workload

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
    ("reasoning_share", "float32"),
    ("node", "int32"),
    ("preempted", "int32"),
    ("retries", "int32"),
    ("migrations", "int32"),
    ("escalations", "int8"),
    ("samples", "int8"),
    ("cached_tokens", "int32"),
    ("gpu_s", "float64"),
    ("lost_gpu_s", "float64"),
)
CHUNK = 256
NOT_ENDED = -1
STATUS_CODES = {status: code for code, status in enumerate(STATUSES)}


class Recorder:
    """Takes each request once, at its end, and hands on a block of them as typed columns as soon as all its requests have ended.

    Args:
        clock: of the run.
        pools: names of the contender's pools, in order.
        workload: whose requests they are; blocks that have ended are closed.
        ended: called with each such block and its columns, in order of the requests.

    Raises:
        SimulationError: from any method, when a request ended twice or not at all.
    """

    def __init__(self, clock: Clock, pools: list[str], workload: Workload, ended: Callable[[RequestBlock, Columns], None]) -> None:
        self._clock, self._workload, self._ended = clock, workload, ended
        self._pools = {name: code for code, name in enumerate(pools)}
        self.reasons: dict[str, int] = {"": 0}
        self._rows: list[tuple[Any, ...]] = []
        self._open: dict[int, dict[str, NDArray[Any]]] = {}
        self._left: dict[int, int] = {}  # requests of an open block that have not ended

    def end(self, request: Request, status: str, reason: str) -> None:
        """Note the end of a request: its status, and why if it was not served."""
        replica = request.replica
        if replica is None:
            pool, node, level, token_level, share, gpus = -1, -1, -1, -1, nan, 0
        else:
            pool, node, gpus = self._pools[replica.pool], replica.node_index, replica.gpus
            level, token_level, share = request.level.index, request.token_level.index, request.reasoning_share
        self._rows.append((
            request.index, STATUS_CODES[status], self.reasons.setdefault(reason, len(self.reasons)), request.dispatched_s,
            request.first_token_s, self._clock._now, request.output_tokens, request.generated_tokens, pool, level, token_level, share, node,
            request.preempted, request.retries, request.migrations, request.escalations, request.samples, request.cached_tokens,
            request.past_gpu_s + request.gpu_s * gpus, request.past_lost_gpu_s + request.lost_gpu_s * gpus,
        ))  # fmt: skip
        if len(self._rows) >= CHUNK:
            self._file()

    def close(self) -> None:
        """Hand on what has ended since; the last call."""
        self._file()
        if open_blocks := self._workload.open_blocks:
            raise SimulationError(f"requests did not end: of the blocks of {BLOCK}, these are open: {', '.join(map(str, open_blocks))}")

    def _file(self) -> None:
        if not self._rows:
            return
        columns = [np.array(values, dtype=kind) for values, (_, kind) in zip(zip(*self._rows, strict=True), FIELDS, strict=True)]
        self._rows = []
        numbers = columns[0] // BLOCK
        for number in np.unique(numbers).tolist():
            chosen = numbers == number
            at = columns[0][chosen] - number * BLOCK
            block = self._open.get(number) or self._opened(number)
            for (name, _), column in zip(FIELDS, columns, strict=True):
                block[name][at] = column[chosen]
            self._left[number] -= len(at)
            if self._left[number] <= 0:
                self._hand_on(number)

    def _opened(self, number: int) -> dict[str, NDArray[Any]]:
        rows = len(self._workload.block_of(number * BLOCK))
        self._open[number], self._left[number] = {name: np.full(rows, NOT_ENDED, kind) for name, kind in FIELDS}, rows
        return self._open[number]

    def _hand_on(self, number: int) -> None:
        noted = self._open.pop(number)
        del self._left[number]
        if (noted["status"] == NOT_ENDED).any():
            raise SimulationError("a request ended twice")
        self._ended(self._workload.close(number), noted)
