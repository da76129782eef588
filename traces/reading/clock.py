"""Absolute times, made seconds of a trace whose second 0 is its first row."""

from __future__ import annotations

import numpy as np

from traces.reading.reader import Notes
from traces.reading.stamps import NANOSECONDS, iso
from traces.tables import Floats, Ints


class Clock:
    """Second 0 is the first time it sees; that time is noted as the start of the trace."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._first: int | None = None

    def seconds(self, nanoseconds: Ints) -> Floats:
        """Seconds since second 0 of times in nanoseconds since 1970; shape as they have."""
        if self._first is None and len(nanoseconds):
            self._first = int(nanoseconds[0])
            self._notes.start = iso(self._first)
        return np.asarray((nanoseconds - (self._first or 0)) / NANOSECONDS, dtype=np.float64)
