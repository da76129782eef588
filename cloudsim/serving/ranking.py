"""The order of one engine's requests under a scheduling policy: who is admitted next, and who gives way."""

import sys
from heapq import heappop, heappush
from operator import attrgetter
from typing import TYPE_CHECKING

from cloudsim.serving.batch import INDEX_BITS, INDEX_MASK
from cloudsim.serving.request import Request
from cloudsim.serving.scheduling import Scheduling

if TYPE_CHECKING:
    from cloudsim.serving.engine import Engine
    from cloudsim.views import ReplicaView

_order = attrgetter("order")
_key = attrgetter("rank", "order")


class Ranking:
    """Asks the policy and keeps `Engine.waiting` in order.

    The lowest rank is first. Among equal ranks who was preempted last is admitted first, then the others in the order of coming; who was
    admitted last is preempted first. So a policy with one rank for all is vLLM's FCFS.

    Args:
        policy: shared by the replicas of a contender.
        engine: whose requests they are. view: what the policy sees of it.

    Attributes:
        changed: whether somebody came or left since those who wait were last found not to fit.
    """

    __slots__ = ("policy", "changed", "_engine", "_view", "_numbers", "_begun", "_expiries")

    def __init__(self, policy: Scheduling, engine: "Engine", view: "ReplicaView") -> None:
        self.policy, self._engine, self._view = policy, engine, view
        self.changed = True
        self._numbers = 0
        self._begun: dict[int, int] = {}  # by index: the step at which a first quantum began that the policy was not asked about
        self._expiries: list[int] = []  # heap: steps before which quanta end, shifted, and the request's index

    def line_up(self, request: Request) -> bool:
        """A request has come and waits; True if the next step with room has to look at the order anew."""
        self._numbers += 1
        request.order = self._numbers
        return self._wait(request) or self.policy.reorders

    def preempted(self, request: Request) -> None:
        """A request has left the batch and waits again."""
        self._numbers += 1
        request.order = -self._numbers
        self._wait(request)

    def _wait(self, request: Request) -> bool:
        """Rank a request and put it at its place; True if that is the first."""
        request.rank = rank = self.policy.rank(request, self._view)
        request.expiry_step, request.yields = -1, False
        self.changed = True
        waiting, key = self._engine.waiting, (rank, request.order)
        at = len(waiting)
        while at and key < (waiting[at - 1].rank, waiting[at - 1].order):
            at -= 1
        waiting.insert(at, request)
        return at == 0

    def admitted(self, request: Request) -> None:
        """A request is in the batch from now on."""
        self._numbers += 1
        request.order = self._numbers

    def joined(self, request: Request) -> None:
        """A request has come into the batch without waiting, with its KV."""
        request.rank = self.policy.rank(request, self._view)
        self.admitted(request)

    def decodes(self, request: Request) -> None:
        """The prompt of a request of the batch is done: its first quantum begins, of which the policy is asked when somebody waits."""
        if not self.policy.preempts:
            return
        request.expiry_step, request.yields = -1, False
        begun, engine = self._begun, self._engine
        if len(begun) > 64 + 4 * len(engine.running):  # most have left since somebody waited last
            self._begun = begun = {index: step for index, step in begun.items() if index in engine.running}
        begun[request.index] = engine.step

    def expire(self) -> None:
        """Rank the running requests whose quanta are over anew."""
        engine, expiries = self._engine, self._expiries
        if self._begun:
            for index, step in self._begun.items():
                request = engine.running.get(index)
                if request is not None and request.finish_step >= 0:
                    tokens = engine.generated_tokens(request)
                    request.generated_tokens = tokens - (engine.step - step)  # as many as it had then
                    self._begin_quantum(request, step)
                    request.generated_tokens = tokens
            self._begun = {}
        while expiries and expiries[0] >> INDEX_BITS <= engine.step:
            entry = heappop(expiries)
            if self._holds(entry):
                request = engine.running[entry & INDEX_MASK]
                request.generated_tokens = engine.generated_tokens(request)
                request.rank = self.policy.rank(request, self._view)
                request.yields = self.changed = True
                self._begin_quantum(request, engine.step)

    def next_expiry_step(self) -> int:
        """The step before which the next quantum of the batch ends, none of which is over; beyond all steps where there are none."""
        expiries = self._expiries
        while expiries and not self._holds(expiries[0]):
            heappop(expiries)
        return expiries[0] >> INDEX_BITS if expiries else sys.maxsize

    def order(self) -> None:
        """Rank those who wait anew, where the policy reorders."""
        if not self.policy.reorders:
            return
        waiting = self._engine.waiting
        if self.policy.observes and len(waiting) > 1:
            self._settle()
            self.policy.observe(self._view)
        oldest = sorted(waiting, key=_order)
        for request in oldest:
            request.rank = self.policy.rank(request, self._view)
        waiting.clear()
        waiting.extend(sorted(oldest, key=_key))

    def victim(self) -> Request:
        """Who gives way when blocks have run out."""
        running, chosen = self._engine.running, None
        if self.policy.chooses:
            self._settle()
            chosen = self.policy.victim(self._view, running)
        return chosen or max(running.values(), key=_key)

    def yielding(self, request: Request) -> list[Request]:
        """Running requests that have used a quantum and rank behind `request`, the last one first."""
        behind = [other for other in self._engine.running.values() if other.yields and other.rank > request.rank]
        return sorted(behind, key=_key, reverse=True)

    def _settle(self) -> None:
        """Note what the batch has generated by now, for the policy to see."""
        engine = self._engine
        for request in engine.running.values():
            if request.finish_step >= 0:
                request.generated_tokens = engine.generated_tokens(request)

    def _begin_quantum(self, request: Request, step: int) -> None:
        request.expiry_step = step + self.policy.quantum_tokens(request, self._view)
        heappush(self._expiries, request.expiry_step << INDEX_BITS | request.index)

    def _holds(self, entry: int) -> bool:
        """Whether an entry of the heap says when the quantum of a request of the batch ends."""
        request = self._engine.running.get(entry & INDEX_MASK)
        return request is not None and request.expiry_step == entry >> INDEX_BITS
