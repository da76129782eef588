"""Traffic as a stream: tables of requests that follow one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from traces.errors import TraceError
from traces.tables import RequestTrace

if TYPE_CHECKING:
    import pyarrow as pa


def in_order(blocks: Iterable[RequestTrace], duration_s: float) -> Iterator[RequestTrace]:
    """The same blocks, checked one by one and against the one before; those without a row are left out.

    Raises:
        TraceError: a block breaks an invariant of `RequestTrace`, begins before the last one ended or does not end before `duration_s`;
            or there is no request at all.
    """
    last_s, rows = 0.0, 0
    for block in blocks:
        if not len(block):
            continue
        block.check()
        if block.arrival_s[0] < last_s:
            raise TraceError(f"arrival_s runs backwards at row {rows} ({block.arrival_s[0]} s): sort the trace by time")
        if block.arrival_s[-1] >= duration_s:
            raise TraceError(f"a request arrives at {block.arrival_s[-1]} s, but {duration_s:g} s were asked for")
        last_s, rows = float(block.arrival_s[-1]), rows + len(block)
        yield block
    if not rows:
        raise TraceError("the request trace is empty: no request arrives")


def of_length(blocks: Iterable[RequestTrace], rows: int) -> Iterator[RequestTrace]:
    """The same requests in blocks of `rows`; the last may be shorter. A block has the sources of the last one it was made from."""
    held: list[RequestTrace] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        while count > rows:  # the last block is kept until the end, when its sources are complete
            whole = joined(held)
            yield whole.rows(0, rows)
            held, count = [whole.rows(rows, len(whole))], count - rows
    if held:
        yield joined(held)


def joined(blocks: Iterable[RequestTrace]) -> RequestTrace:
    """All requests as one table, with the sources of the last block."""
    parts = list(blocks)
    if len(parts) == 1:
        return parts[0]
    if not parts:
        raise TraceError("the request trace is empty: no request arrives")
    arrival_s, input_tokens, output_tokens = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("arrival_s", "input_tokens", "output_tokens")
    )
    sizes = {part.prefix_block_tokens for part in parts if "prefix_blocks" in part.more}
    if len(sizes) > 1:
        raise TraceError(f"tables with prefix blocks of {' and '.join(map(str, sorted(sizes)))} tokens cannot become one table")
    return RequestTrace(arrival_s, input_tokens, output_tokens, parts[-1].sources, _joined_more(parts), max(sizes, default=0))


def _joined_more(parts: Sequence[RequestTrace]) -> dict[str, pa.Array]:
    """The further columns; rows of a table without one of them lack its value."""
    names = dict.fromkeys(name for part in parts for name in part.more)
    if not names:
        return {}
    import pyarrow as pa

    kinds = {name: next(part.more[name].type for part in parts if name in part.more) for name in names}
    return {
        name: pa.concat_arrays([part.more[name] if name in part.more else pa.nulls(len(part), kind) for part in parts])
        for name, kind in kinds.items()
    }
