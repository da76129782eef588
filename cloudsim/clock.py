"""SimPy's environment, and a way to schedule one event again at an absolute time."""

from collections.abc import Callable
from heapq import heappush

import simpy
from simpy.events import Event


class Clock(simpy.Environment):
    """The simulated clock.

    Request arrivals and replica steps are the hot path: each owns one `Alarm` that it sets again and again, which costs neither an
    object nor a process an event. Nodes, markets and controllers are ordinary SimPy processes on the same clock.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fired = 0


class Alarm(Event):
    """An event that calls `action()` whenever it comes due; it may be set for several times at once.

    Args:
        urgent: come before ordinary events of the same time, as arrivals do, so that a step that begins at that time sees them.
    """

    def __init__(self, clock: Clock, action: Callable[[], None], urgent: bool = False) -> None:
        super().__init__(clock)
        self._ok, self._value = True, None
        self._clock, self._priority = clock, 0 if urgent else 1
        self._action, self._again = action, [self._fire]

    def set(self, time_s: float) -> None:
        """Come due at `time_s`, exactly (SimPy's delays would round it), not before the present."""
        clock = self._clock
        self.callbacks = self._again
        heappush(clock._queue, (time_s, self._priority, next(clock._eid), self))

    def _fire(self, _: Event) -> None:
        self.callbacks = self._again
        self._clock.fired += 1
        self._action()
