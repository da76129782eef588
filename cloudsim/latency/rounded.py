"""Step times of an engine that decodes in captured graphs, of which each is made for one batch size."""

from dataclasses import replace

from cloudsim.latency.contract import LatencyModel, Run
from traces.provenance import Source

SMALL, STEP = (1, 2, 4), 8
"""Sizes that vLLM captures: 1, 2, 4, and every multiple of 8."""

LOOKED_UP = 1024
"""Batches below this find their size in a list."""


class RoundedLatency:
    """A `LatencyModel` whose decode steps take the time of the next batch size that has a graph.

    Rows that fill a batch up run through the layers like the others, but read no keys and values. Steps with prompts run without graphs.

    Args:
        inner: step times of batches of any size.
    """

    def __init__(self, inner: LatencyModel) -> None:
        self.inner = inner
        # Bound once: they are called at every step, and a method that hands on costs as much as what it hands on to.
        self.mixed_run, self.prompt_token_s, self._decode_run = inner.mixed_run, inner.prompt_token_s, inner.decode_run
        self._sizes = [captured(sequences) for sequences in range(LOOKED_UP)]

    @property
    def source(self) -> Source:
        """See `LatencyModel`."""
        found = self.inner.source
        return replace(found, origin=f"{found.origin}; decode batches rounded up to captured graphs (1, 2, 4, multiples of 8)")

    @property
    def decode_error_pct(self) -> float | None:
        """See `LatencyModel`."""
        return self.inner.decode_error_pct

    @property
    def prefill_error_pct(self) -> float | None:
        """See `LatencyModel`."""
        return self.inner.prefill_error_pct

    def decode_run(self, sequences: int, layers_read: float, layers: float, kv_units: float, units: float) -> Run:
        """See `LatencyModel`."""
        size = self._sizes[sequences] if sequences < LOOKED_UP else captured(sequences)
        if size > sequences:
            # What fills up runs the layers that are read, for whose union the graph was replayed.
            layers += int((size - sequences) * layers_read)
        return self._decode_run(size, layers_read, layers, kv_units, units)


def captured(sequences: int) -> int:
    """The smallest captured size that holds so many sequences."""
    if sequences > SMALL[-1]:
        return -(-sequences // STEP) * STEP
    return next(size for size in SMALL if sequences <= size)
