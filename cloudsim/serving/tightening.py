"""Running requests that are to reason less than they were let to."""

from collections.abc import Generator

from simpy.events import Event

from cloudsim.clock import Clock
from cloudsim.cluster.fleet import Fleet
from cloudsim.serving.answers import tighten
from cloudsim.serving.decisions import Decisions
from cloudsim.serving.replica import Replica


class Tightening:
    """Asks the effort policy again, at each control interval, about every request whose answer is being written on a ready replica.

    Args:
        interval_s: seconds between two times.
    """

    def __init__(self, clock: Clock, fleet: Fleet, decisions: Decisions, interval_s: float) -> None:
        self._clock, self._fleet, self._decisions, self._interval_s = clock, fleet, decisions, interval_s

    def start(self) -> None:
        """Begin, if the policy looks again at all."""
        if self._decisions.tightens:
            self._clock.process(self._control())

    def _control(self) -> Generator[Event, object, None]:
        while True:
            yield self._clock.timeout(self._interval_s)
            for replica in list(self._fleet.ready):
                if replica.outstanding:
                    replica.at_boundary(lambda replica=replica: self._tighten(replica))  # type: ignore[misc]

    def _tighten(self, replica: Replica) -> None:
        """At a step boundary: decide on every request that decodes."""
        for request in list(replica.running.values()):
            if request.finish_step < 0 or not request.reasoning_tokens:
                continue
            request.generated_tokens = generated = replica.generated_tokens(request)
            tokens = tighten(request, self._decisions.tighten(request, replica), generated)
            if tokens < request.output_tokens:
                replica.shorten(request, tokens)
