"""Reader of the Azure LLM inference traces: CSV with TIMESTAMP, ContextTokens, GeneratedTokens (2023, 2024; other columns ignored)."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from traces.errors import TraceError
from traces.files import data_file, data_set, sha256
from traces.options import Options, Text, check_duration
from traces.provenance import Provenance, Source
from traces.readers.faults import csv_faults, header_faults
from traces.readers.stamps import nanoseconds
from traces.tables import Floats, Ints, RequestTrace

if TYPE_CHECKING:
    import pyarrow as pa

TIME = "TIMESTAMP"
INPUT = "ContextTokens"
OUTPUT = "GeneratedTokens"
BLOCK_BYTES = 1 << 24
MOST_REPEATED_REQUESTS = 200_000_000


class AzureLLM(Options):
    """Replays a trace file from its start; the first request arrives at 0.

    A trace shorter than the run is repeated end to end, with its mean gap between two rounds; the origin of the source then says
    so. The file is read in blocks and only as far as the run needs.

    Args:
        file: path below the data folder (see `traces.files`), or an absolute path.
    """

    file: Text

    def requests(self, duration_s: float, rng: np.random.Generator) -> RequestTrace:
        """Requests that arrive in [0, `duration_s`); `rng` is not used. See `traces.sources.TrafficSource`.

        Raises:
            TraceError: the file is missing or a row of it is broken; with file, line, column and value.
        """
        check_duration(type(self).__name__, duration_s)
        path = data_file(self.file)
        arrival_s, input_tokens, output_tokens = _read(path, duration_s)
        known = data_set(self.file)
        origin = f"{known.title}, {known.licence}, {known.origin}" if known else str(self.file)
        if arrival_s[-1] < duration_s and len(arrival_s) > 1 and arrival_s[-1] > 0:
            period_s = arrival_s[-1] * len(arrival_s) / (len(arrival_s) - 1)
            rounds = ceil(duration_s / period_s)
            if rounds * len(arrival_s) > MOST_REPEATED_REQUESTS:
                raise TraceError(
                    f"{path} is only {arrival_s[-1]:.3g} s long; to fill {duration_s:g} s it would be repeated {rounds} times, "
                    f"which makes more than {MOST_REPEATED_REQUESTS} requests; use a longer trace or a shorter run"
                )
            arrival_s = (np.arange(rounds)[:, None] * period_s + arrival_s).ravel()
            input_tokens, output_tokens = np.tile(input_tokens, rounds), np.tile(output_tokens, rounds)
            if rounds > 1:
                origin += f"; {period_s:.0f} s of trace, repeated to fill {duration_s:g} s"
        count = int(np.searchsorted(arrival_s, duration_s, side="left"))
        source = Source(Path(self.file).name, Provenance.MEASURED, origin, sha256(path))
        return RequestTrace(arrival_s[:count], input_tokens[:count], output_tokens[:count], (source,)).check()


def _read(path: Path, duration_s: float) -> tuple[Floats, Ints, Ints]:
    """Arrival seconds, input and output tokens from the start of a file until `duration_s` has passed."""
    import pyarrow as pa

    faults = header_faults(path, (TIME, INPUT, OUTPUT))
    if faults:
        raise TraceError(*faults)
    blocks: list[tuple[Ints, Ints, Ints]] = []
    try:
        for batch in _batches(path):
            if not len(batch):
                continue
            time_ns = nanoseconds(batch.column(TIME))
            tokens = [np.asarray(batch.column(name).cast(pa.int64())) for name in (INPUT, OUTPUT)]
            start_ns, last_ns = (blocks[0][0][0], blocks[-1][0][-1]) if blocks else (time_ns[0], time_ns[0])
            if time_ns[0] < last_ns or (np.diff(time_ns) < 0).any() or min(tokens[0].min(), tokens[1].min()) < 1:
                raise pa.ArrowInvalid("times run backwards or a request has no token")
            blocks.append((time_ns, tokens[0], tokens[1]))
            if time_ns[-1] - start_ns >= duration_s * 1e9:
                break
    except pa.ArrowInvalid as error:
        faults = csv_faults(path, TIME, {INPUT: _token_fault, OUTPUT: _token_fault})
        raise TraceError(*(faults or [f"{path}: {error}"])) from None
    time_ns, input_tokens, output_tokens = (np.concatenate(column) for column in zip(*blocks, strict=True))
    return (time_ns - time_ns[0]) / 1e9, input_tokens, output_tokens


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import csv

    wanted = (TIME, INPUT, OUTPUT)
    with csv.open_csv(
        path,
        read_options=csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(wanted, pa.string()), include_columns=list(wanted)),
    ) as reader:
        yield from reader


def _token_fault(text: str) -> str | None:
    if text.isascii() and text.isdigit() and 1 <= int(text) < 2**31:
        return None
    if text.isascii() and text.isdigit() and int(text) == 0:
        return "at least 1 token; leave out requests that failed or were refused"
    return "a whole number of tokens, at least 1"
