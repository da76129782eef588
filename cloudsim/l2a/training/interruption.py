"""Ctrl-C and the end of a job (SIGTERM), answered at the end of a step."""

import signal
import time
from types import FrameType, TracebackType
from typing import Any, Self

GRACE_S = 2.0
"""A launcher passes the terminal's Ctrl-C on, so the same signal comes twice; only a later one is impatience."""


class Interruption:
    """While it is entered a signal is only noted, so that the step can end and be saved; one that comes seconds later ends it at once.

    Attributes:
        received: the signal that came, or None.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._former: dict[signal.Signals, Any] = {}
        self._noted_s = 0.0

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._former[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, former in self._former.items():
            signal.signal(number, former)

    def __bool__(self) -> bool:
        return self.received is not None

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received, self._noted_s = signal.Signals(number), time.monotonic()
        elif time.monotonic() - self._noted_s > GRACE_S:
            raise KeyboardInterrupt
