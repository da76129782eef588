"""SimPy's environment with a fast lane: alarms that are set again and again, and a stream of arrivals."""

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from math import inf
from typing import Protocol, TypeVar

import simpy

SLICE_S = 2.0**-10
"""Alarms are kept by slices of time; only those of the present slice are in order."""


class Arrival(Protocol):
    """Something that arrives at a time."""

    arrival_s: float


Arriving = TypeVar("Arriving", bound=Arrival)


class Sleeper(Protocol):
    """Something that an alarm wakes."""

    def wake(self) -> None:
        """The time has come."""


class Timer:
    """A sleeper that calls `action()`."""

    def __init__(self, action: Callable[[], None]) -> None:
        self.wake = action


class Clock(simpy.Environment):
    """The simulated clock.

    Nodes, markets and controllers are ordinary SimPy processes in SimPy's queue. Replica steps and request arrivals are the hot path, so
    they have lanes of their own beside it: of the arrivals only the next one is looked at, and alarms, thousands of which may be set
    at once, lie in slices of about a millisecond, so that setting one moves no other. At the same time arrivals come first, then alarms in
    the order in which they were set, then SimPy's events.

    Attributes:
        fired: alarms and arrivals so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fired = 0
        self._set = 0
        self._present: list[tuple[float, int, Sleeper]] = []  # heap: alarms of the slice that has begun, or earlier
        self._slice = -1
        self._later: dict[int, list[tuple[float, int, Sleeper]]] = {}
        self._slices: list[int] = []  # heap of the keys of `_later`

    def alarm(self, time_s: float, sleeper: Sleeper) -> None:
        """Wake `sleeper` at exactly `time_s` (SimPy's delays would round it), which is not before the present."""
        self._set = number = self._set + 1
        at = int(time_s / SLICE_S)
        if at <= self._slice:
            heappush(self._present, (time_s, number, sleeper))
            return
        alarms = self._later.get(at)
        if alarms is None:
            self._later[at] = [(time_s, number, sleeper)]
            heappush(self._slices, at)
        else:
            alarms.append((time_s, number, sleeper))

    def run_with(self, arrivals: Iterator[Arriving], arrive: Callable[[Arriving], None], until_s: float) -> None:
        """Process everything before `until_s`, and let `arrivals`, sorted by time, arrive; the clock then stands at `until_s`."""
        queue, fired, present, slices = self._queue, 0, self._present, self._slices
        coming = next(arrivals, None)
        arrival_s = coming.arrival_s if coming is not None else inf
        while True:
            if not present and slices:
                self._slice = heappop(slices)
                present += self._later.pop(self._slice)
                heapify(present)
            alarm_s = present[0][0] if present else inf
            event_s = queue[0][0] if queue else inf
            if arrival_s <= alarm_s and arrival_s <= event_s and arrival_s < until_s:
                self._now = arrival_s
                fired += 1
                arrive(coming)  # type: ignore[arg-type]
                coming = next(arrivals, None)
                arrival_s = coming.arrival_s if coming is not None else inf
            elif alarm_s <= event_s:
                if alarm_s >= until_s:
                    break
                self._now, _, sleeper = heappop(present)
                fired += 1
                sleeper.wake()
            elif event_s < until_s:
                self.step()
            else:
                break
        self._now = until_s
        self.fired += fired
