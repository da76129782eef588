"""Traffic that replays a file of any known format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from traces.blocks import joined
from traces.errors import TraceError
from traces.files import data_path, digests
from traces.options import Options, Text, check_duration
from traces.reading.bad_row import BadRow
from traces.reading.reader import ReadOptions
from traces.reading.trace import Reading
from traces.replay.origin import replayed_sources
from traces.schemas import REQUESTS
from traces.tables import RequestTrace

if TYPE_CHECKING:
    import pyarrow as pa

MOST_REPEATED_REQUESTS = 200_000_000
MOST_HELD_REQUESTS = 1 << 20
"""A trace of more is read again for each round, rather than held."""
MORE = ("reasoning_tokens", "tier", "difficulty", "session_id")
"""Columns that a run uses where a trace has them."""
OF_TURNS = ("turn", "prefix_blocks")
"""Further ones where requests belong to conversations."""
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ReplayedTraffic(Options):
    """Replays a trace file from `start_s` on, read in blocks and only as far as the run needs.

    What a trace says of tiers, difficulty and reasoning takes the place of what a run would draw.

    A trace shorter than the run is repeated end to end, with its mean gap between two rounds; the origin of the source then says so.
    The conversations of each round are others than those of the one before.

    Args:
        file: path below the data folder (see `traces.files`), or an absolute path.
        format: of the file; None finds it by content.
        columns: map of columns, for the format `columns`.
        on_bad_row: error, skip or clip.
        start_s: second of the trace at which the run begins.
        spread_s: for a trace whose times are multiples of this: each request arrives at a random moment of its interval instead.
    """

    file: Text
    format: Text | None = None
    columns: dict[str, Any] | None = None
    on_bad_row: Annotated[BadRow, Field(strict=False)] = BadRow.ERROR
    start_s: Seconds = 0.0
    spread_s: Seconds = 0.0

    def requests(self, duration_s: float, rng: np.random.Generator) -> Iterator[RequestTrace]:
        """Requests that arrive in [0, `duration_s`); see `traces.sources.TrafficSource`. `rng` is used only to spread.

        Raises:
            TraceError: the file is missing, of no known format or of no requests, or a row of it is broken; with file, line and column.
        """
        check_duration(type(self).__name__, duration_s)
        path = data_path(self.file)
        digest, chance = digests(path), rng.bit_generator.state
        held, rows, first_s, last_s = list[RequestTrace](), 0, 0.0, 0.0
        reading = self._opened(path)
        for block in self._blocks(reading, duration_s, rng):
            if not rows:
                first_s = float(block.arrival_s[0])
            rows, last_s = rows + len(block), float(block.arrival_s[-1])
            if rows <= MOST_HELD_REQUESTS:
                held.append(block)
            yield self._until(duration_s, replace(block, sources=replayed_sources(self.file, digest, reading)))
        if last_s >= duration_s or last_s == first_s:
            return
        period_s = (last_s - first_s) * rows / (rows - 1)
        rounds = ceil(duration_s / period_s)
        if rounds * rows > MOST_REPEATED_REQUESTS:
            raise TraceError(
                f"{path} is only {last_s:.3g} s long; to fill {duration_s:g} s it would be repeated {rounds} times, "
                f"which makes more than {MOST_REPEATED_REQUESTS} requests; use a longer trace or a shorter run"
            )
        remark = f"{period_s:.0f} s of trace, repeated to fill {duration_s:g} s"
        sources = replayed_sources(self.file, digest, reading, remark)
        for number in range(1, rounds):
            rng.bit_generator.state = chance  # a round has the same moments as the one before
            for block in held if rows <= MOST_HELD_REQUESTS else self._blocks(self._opened(path), duration_s, rng):
                again = replace(block, arrival_s=number * period_s + block.arrival_s, sources=sources, more=_of_round(number, block.more))
                yield self._until(duration_s, again)

    def _opened(self, path: Path) -> Reading:
        reading = Reading(path, self.format, ReadOptions(columns=self.columns), self.on_bad_row)
        if reading.kind is not REQUESTS:
            raise TraceError(f"{path} is a table of {reading.kind.name} ({reading.reader.title}); traffic needs requests")
        return reading

    @staticmethod
    def _until(duration_s: float, block: RequestTrace) -> RequestTrace:
        return block.rows(0, int(np.searchsorted(block.arrival_s, duration_s, side="left")))

    def _blocks(self, reading: Reading, duration_s: float, rng: np.random.Generator) -> Iterator[RequestTrace]:
        """The trace from `start_s` on, at least until `duration_s` has passed."""
        empty = True
        for block in self._spread(self._read(reading, duration_s), rng) if self.spread_s else self._read(reading, duration_s):
            empty = False
            yield block
        if empty:
            raise TraceError(f"{reading.file.path} ends before second {self.start_s:g}; let start_s be smaller")

    def _read(self, reading: Reading, duration_s: float) -> Iterator[RequestTrace]:
        for batch in reading.batches():
            arrival_s = np.asarray(batch.column("arrival_s")) - self.start_s
            kept = slice(int(np.searchsorted(arrival_s, 0.0)), None)
            inputs, outputs = (np.asarray(batch.column(name))[kept] for name in ("input_tokens", "output_tokens"))
            if len(inputs):
                known = batch.schema.names
                wanted = [*MORE, *(OF_TURNS if "session_id" in known else ())]
                more = {name: batch.column(name).slice(kept.start) for name in wanted if name in known}
                block_tokens = int(reading.notes.facts.get("prefix_block_tokens", 0))
                yield RequestTrace(arrival_s[kept], inputs, outputs, (), more, block_tokens)
            if arrival_s[-1] >= duration_s:
                return

    def _spread(self, blocks: Iterator[RequestTrace], rng: np.random.Generator) -> Iterator[RequestTrace]:
        """Each arrival moved by up to `spread_s`, and sorted; lengths stay with their rows, which differ by chance only."""
        waiting: list[RequestTrace] = []
        for block in blocks:
            moved = block.arrival_s + rng.uniform(0.0, self.spread_s, len(block))
            held = joined([*waiting, replace(block, arrival_s=moved)])
            held = replace(held, arrival_s=np.sort(held.arrival_s))
            # What comes later is moved forward only, so that up to the last time read nothing is missing.
            settled = int(np.searchsorted(held.arrival_s, block.arrival_s[-1], side="left"))
            if settled:
                yield held.rows(0, settled)
            waiting = [held.rows(settled, len(held))]
        if waiting:
            yield joined(waiting)


def _of_round(number: int, more: Mapping[str, pa.Array]) -> Mapping[str, pa.Array]:
    """The columns of a further round, in which the conversations have other names."""
    if "session_id" not in more:
        return more
    import pyarrow.compute as compute

    return {**more, "session_id": compute.binary_join_element_wise(str(number), more["session_id"], " ")}
