"""SimPy's environment with a fast lane: alarms that are set again and again, and a stream of arrivals."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from math import inf
from typing import Protocol

import simpy
from simpy.events import Event


class Arrival(Protocol):
    """Something that arrives at a time."""

    arrival_s: float


class Alarm(Event):
    """An event that calls `action()` whenever it comes due; it may be set for several times at once."""

    def __init__(self, clock: "Clock", action: Callable[[], None]) -> None:
        super().__init__(clock)
        self._ok, self._value = True, None
        self.action = action

    def set(self, time_s: float) -> None:
        """Come due at `time_s`, exactly (SimPy's delays would round it), and not before the present."""
        clock: Clock = self.env  # type: ignore[assignment]
        heappush(clock._queue, (time_s, 1, next(clock._eid), self))


class Clock(simpy.Environment):
    """The simulated clock.

    Nodes, markets and controllers are ordinary SimPy processes. Replica steps and request arrivals are the hot path, so they take a
    lane of their own through the same queue and the same order of time: an alarm is one object for the life of its replica, without
    the callback lists of a one-time event, and of the arrivals only the next one is looked at. Arrivals precede every other event of
    the same time, so that a step that begins at that time sees them.

    Attributes:
        fired: alarms and arrivals so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fired = 0

    def run_with(self, arrivals: Iterator[Arrival], arrive: Callable[[Arrival], None], until_s: float) -> None:
        """Process everything before `until_s`, and let `arrivals`, sorted by time, arrive; the clock then stands at `until_s`."""
        queue, fired = self._queue, 0
        coming = next(arrivals, None)
        arrival_s = coming.arrival_s if coming is not None else inf
        while True:
            time_s = queue[0][0] if queue else until_s
            if arrival_s <= time_s and arrival_s < until_s:
                self._now = arrival_s
                fired += 1
                arrive(coming)  # type: ignore[arg-type]
                coming = next(arrivals, None)
                arrival_s = coming.arrival_s if coming is not None else inf
            elif time_s < until_s:
                if type(queue[0][3]) is Alarm:
                    self._now, _, _, event = heappop(queue)
                    fired += 1
                    event.action()  # type: ignore[attr-defined]
                else:
                    self.step()
            else:
                break
        self._now = until_s
        self.fired += fired
