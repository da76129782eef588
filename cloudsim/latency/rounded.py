"""Step times of an engine that decodes in captured graphs, of which each is made for one batch size."""

from dataclasses import dataclass, replace

from cloudsim.latency.contract import LatencyModel, Run
from traces.provenance import Source

SMALL, STEP = (1, 2, 4), 8
"""Sizes that vLLM captures: 1, 2, 4, and every multiple of 8."""


@dataclass(frozen=True, slots=True)
class RoundedLatency:
    """A `LatencyModel` whose decode steps take the time of the next batch size that has a graph.

    Rows that fill a batch up run through the layers like the others, but read no keys and values. Steps with prompts run without graphs.

    Args:
        inner: step times of batches of any size.
    """

    inner: LatencyModel

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
        size = captured(sequences)
        more = size - sequences
        # What fills up runs the layers that are read, for whose union the graph was replayed.
        return self.inner.decode_run(size, layers_read, layers + int(more * layers_read), kv_units, units)

    def mixed_run(
        self, sequences: int, layers_read: float, layers: float, kv_units: float, units: float, token_layers: float, pair_units: float,
        pair_growth: float,
    ) -> Run:  # fmt: skip
        """See `LatencyModel`."""
        return self.inner.mixed_run(sequences, layers_read, layers, kv_units, units, token_layers, pair_units, pair_growth)

    def prompt_token_s(self, layers: float) -> float:
        """See `LatencyModel`."""
        return self.inner.prompt_token_s(layers)


def captured(sequences: int) -> int:
    """The smallest captured size that holds so many sequences."""
    for size in SMALL:
        if sequences <= size:
            return size
    return -(-sequences // STEP) * STEP
