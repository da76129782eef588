"""Traffic that replays a file of any known format."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from traces.errors import TraceError
from traces.files import data_path
from traces.options import Options, Text, check_duration
from traces.reading.bad_row import BadRow
from traces.reading.reader import ReadOptions
from traces.reading.trace import Reading
from traces.replay.origin import replayed_sources
from traces.schemas import REQUESTS
from traces.tables import Floats, Ints, RequestTrace

MOST_REPEATED_REQUESTS = 200_000_000
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ReplayedTraffic(Options):
    """Replays a trace file from `start_s` on, read in blocks and only as far as the run needs.

    A trace shorter than the run is repeated end to end, with its mean gap between two rounds; the origin of the source then says so.

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

    def requests(self, duration_s: float, rng: np.random.Generator) -> RequestTrace:
        """Requests that arrive in [0, `duration_s`); see `traces.sources.TrafficSource`. `rng` is used only to spread.

        Raises:
            TraceError: the file is missing, of no known format or of no requests, or a row of it is broken; with file, line and column.
        """
        check_duration(type(self).__name__, duration_s)
        path = data_path(self.file)
        reading = Reading(path, self.format, ReadOptions(columns=self.columns), self.on_bad_row)
        if reading.kind is not REQUESTS:
            raise TraceError(f"{path} is a table of {reading.kind.name} ({reading.reader.title}); traffic needs requests")
        arrival_s, input_tokens, output_tokens = self._read(reading, duration_s)
        if self.spread_s:
            # Sorting keeps arrivals in order; lengths stay with their rows, which differ from others of the interval by chance only.
            arrival_s = np.sort(arrival_s + rng.uniform(0.0, self.spread_s, len(arrival_s)))
        remark = ""
        if arrival_s[-1] < duration_s and len(arrival_s) > 1 and arrival_s[-1] > arrival_s[0]:
            period_s = (arrival_s[-1] - arrival_s[0]) * len(arrival_s) / (len(arrival_s) - 1)
            rounds = ceil(duration_s / period_s)
            if rounds * len(arrival_s) > MOST_REPEATED_REQUESTS:
                raise TraceError(
                    f"{path} is only {arrival_s[-1]:.3g} s long; to fill {duration_s:g} s it would be repeated {rounds} times, "
                    f"which makes more than {MOST_REPEATED_REQUESTS} requests; use a longer trace or a shorter run"
                )
            arrival_s = (np.arange(rounds)[:, None] * period_s + arrival_s).ravel()
            input_tokens, output_tokens = np.tile(input_tokens, rounds), np.tile(output_tokens, rounds)
            if rounds > 1:
                remark = f"{period_s:.0f} s of trace, repeated to fill {duration_s:g} s"
        count = int(np.searchsorted(arrival_s, duration_s, side="left"))
        sources = replayed_sources(self.file, path, reading, remark)
        return RequestTrace(arrival_s[:count], input_tokens[:count], output_tokens[:count], sources).check()

    def _read(self, reading: Reading, duration_s: float) -> tuple[Floats, Ints, Ints]:
        """Seconds from `start_s` on, input and output tokens until `duration_s` has passed."""
        blocks: list[tuple[Floats, Ints, Ints]] = []
        for batch in reading.batches():
            arrival_s = np.asarray(batch.column("arrival_s")) - self.start_s
            kept = slice(int(np.searchsorted(arrival_s, 0.0)), None)
            inputs, outputs = (np.asarray(batch.column(name))[kept] for name in ("input_tokens", "output_tokens"))
            blocks.append((arrival_s[kept], inputs, outputs))
            if arrival_s[-1] >= duration_s:
                break
        columns = tuple(np.concatenate(column) for column in zip(*blocks, strict=True))
        if not len(columns[0]):
            raise TraceError(f"{reading.file.path} ends before second {self.start_s:g}; let start_s be smaller")
        return columns[0], columns[1], columns[2]
