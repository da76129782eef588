"""What a source of traffic, spot markets, hardware or power grids must offer; any class named by `_target_` with the method will do."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from traces.grid import GridSeries
from traces.hardware import HardwareSeries
from traces.provenance import Source
from traces.tables import RequestTrace, SpotTrace


class TrafficSource(Protocol):
    """Where requests come from: a file that is replayed, or a generator."""

    def requests(self, duration_s: float, rng: np.random.Generator) -> Iterator[RequestTrace]:
        """Requests that arrive in [0, `duration_s`): tables that follow one another, or one with all of them.

        The sources of a table are those known when it was made; those of the last one hold for all.

        Args:
            duration_s: length of the window in seconds, above 0.
            rng: the only source of chance; the same generator state gives the same table.

        Raises:
            TraceError: the file or the options cannot give such a trace.
        """
        ...


class SpotSource(Protocol):
    """Where the capacity and price of spot zones come from: a file that is replayed, or a generator."""

    def spot(self, duration_s: float, rng: np.random.Generator) -> SpotTrace:
        """The market from time 0 to `duration_s`.

        Args:
            duration_s: length of the window in seconds, above 0.
            rng: the only source of chance; the same generator state gives the same table.

        Raises:
            TraceError: the file or the options cannot give such a trace.
        """
        ...


class HardwareSource(Protocol):
    """What becomes of the GPUs of instances that stay: a file that is replayed, or a generator."""

    @property
    def source(self) -> Source | None:
        """Where its numbers come from; None where nothing ever happens."""
        ...

    def hardware(self, duration_s: float, gpus: int, rng: np.random.Generator) -> HardwareSeries | None:
        """One instance from time 0 to `duration_s`; None if nothing happens to it.

        Args:
            duration_s: length of the window in seconds, above 0.
            gpus: GPUs of the instance.
            rng: the only source of chance; the same generator state gives the same table.

        Raises:
            TraceError: the file or the options cannot give such a series.
        """
        ...


class GridSource(Protocol):
    """What a kilowatt-hour costs in carbon dioxide: a file that is replayed, or a generator."""

    @property
    def source(self) -> Source:
        """Where its numbers come from."""
        ...

    def grid(self, region: str, duration_s: float) -> GridSeries:
        """One region from time 0 to `duration_s`.

        Args:
            region: as the spot trace calls it, such as us-east-1.
            duration_s: length of the window in seconds, above 0.

        Raises:
            TraceError: the file or the options cannot give such a series.
        """
        ...
