"""One model replica: an engine, and how requests come to it from other replicas and leave it for them."""

from collections.abc import Callable, Sequence
from heapq import heappush
from typing import TYPE_CHECKING

from cloudsim.clock import Clock
from cloudsim.config import TierConfig
from cloudsim.latency.contract import LatencyModel
from cloudsim.models.elastic import DeepestLevel, ElasticProfile, Level
from cloudsim.serving.batch import INDEX_BITS, restart
from cloudsim.serving.caching import Caching
from cloudsim.serving.engine import Engine
from cloudsim.serving.prefix_cache import PrefixCache
from cloudsim.serving.ranking import Ranking
from cloudsim.serving.request import Request
from cloudsim.serving.scheduling import Scheduling
from cloudsim.views import DenseLatency, ReplicaView

if TYPE_CHECKING:
    from cloudsim.cluster.node import Node


class Replica(Engine):
    """A replica from its start to its end; a node owns it, the gateway submits to it.

    Args:
        index, pool, model: its number in the fleet, its pool and its model.
        node: the instance it runs on. gpus: how many of its GPUs it has.
        ceiling: the richest level that it can run, since no more layers are in its memory.
        tiers: of the run.
        scheduling: orders those who wait and says who gives way; None is FCFS.
        cache: says what KV of conversations is worth; None keeps none.

    Attributes:
        view: what policies see of it.
    """

    __slots__ = ("index", "pool", "model", "node", "node_index", "gpus", "ceiling", "tiers", "accepting", "view", "_joining")

    def __init__(
        self, clock: Clock, latency: LatencyModel, profile: ElasticProfile, capacity: int, block_tokens: int, step_tokens: int,
        max_sequences: int, finished: Callable[[Request], None], index: int, pool: str, model: str, node: "Node", gpus: int,
        ceiling: Level, tiers: Sequence[TierConfig] = (), scheduling: Scheduling | None = None, cache: Caching | None = None,
    ) -> None:  # fmt: skip
        super().__init__(clock, latency, profile, capacity, block_tokens, step_tokens, max_sequences, finished)
        self.index, self.pool, self.model, self.node, self.gpus = index, pool, model, node, gpus
        self.ceiling, self.tiers = ceiling, tiers
        self.node_index = node.index  # looked at with each request that ends, when the node itself would be far away in memory
        self.accepting = True  # False from notice, termination or reclaim on
        self.view = ReplicaView(self)
        if scheduling is not None:
            self._ranking = Ranking(scheduling, self, self.view)
        if cache is not None:
            self._cache = PrefixCache(cache, self.view, block_tokens)
        self._joining: dict[int, tuple[Request, int]] = {}  # their KV has come, they join at the next boundary

    def at_boundary(self, action: Callable[[], None]) -> None:
        """Call `action` when the step under way (or the next one, if it is composed) ends, at once if there is none; then go on."""
        self.catch_up()
        if self.busy:
            self._at_boundary = [*(self._at_boundary or ()), action]
            self._cut()
            self._attend_s = self._due_s
        else:
            self._busy_from_s = self.clock.now
            action()
            if not self.busy:
                self._begin(self.clock.now)
        self._watch()

    def detach(self, request: Request) -> int:
        """At a boundary: take a request out of the replica and return the tokens whose KV it held."""
        if request.index in self.running:
            self._make_cache_yield(self.step)
            del self.running[request.index]
            stored = self._release(request)
        else:
            self.waiting.remove(request)
            self._queued_tokens -= request.prompt_tokens
            stored = 0
            if self._ranking is not None:
                self._ranking.changed = True
        self.outstanding -= 1
        return stored

    def shorten(self, request: Request, output_tokens: int) -> None:
        """At a boundary: end a decoding request's answer after `output_tokens` tokens, of which at least one is still to come."""
        request.generated_tokens = self.generated_tokens(request)
        request.output_tokens = max(output_tokens, request.generated_tokens + 1)
        request.finish_step = self.step + request.output_tokens - request.generated_tokens
        heappush(self._finishing, request.finish_step << INDEX_BITS | request.index)
        self._stale += 1  # the entry it had

    def resize(self, capacity: int, ceiling: Level) -> None:
        """At a boundary: have so many units of KV memory from now on, and run no richer level. Who does not fit is preempted next."""
        self._make_cache_yield(self.step)
        self.capacity, self.ceiling = capacity, ceiling
        if self._cache is not None:
            self._cache.drop_richer(ceiling.index)
            self._make_cache_yield(self.step)
        if self._ranking is not None:
            self._ranking.changed = True

    def reserve(self, request: Request, stored_tokens: int) -> bool:
        """Hold room for a request whose KV is on its way; False if there is none."""
        self.catch_up()
        need = self.blocks(stored_tokens) * request.level.units
        step = self.step + (self.run_steps if self.busy else 0)
        if len(self.running) + self.incoming >= self.max_sequences or not self.fits(step + 1, need):
            return False
        self.held += need
        self.incoming += 1
        return True

    def cancel(self, request: Request, stored_tokens: int) -> None:
        """Give up a reservation."""
        self._make_cache_yield_now()
        self._unreserve(request, stored_tokens)

    def _unreserve(self, request: Request, stored_tokens: int) -> None:
        self.held -= self.blocks(stored_tokens) * request.level.units
        self.incoming -= 1
        if self._ranking is not None:
            self._ranking.changed = True

    def attach(self, request: Request, stored_tokens: int) -> None:
        """The reserved KV has come: decode on from the next step boundary."""
        request.replica = self
        self.outstanding += 1
        self._joining[request.index] = (request, stored_tokens)

        def join() -> None:
            del self._joining[request.index]
            self._unreserve(request, stored_tokens)
            self.running[request.index] = request
            self._enter(request.level)
            if self._ranking is not None:
                self._ranking.joined(request)
            self._decode(request, stored_tokens)

        self.at_boundary(join)

    def abort(self, lost: bool = True) -> list[Request]:
        """The end: settle what was done by now and return the requests that are left, oldest first, without their KV.

        The step under way is lost if the node was taken away (`lost`), and only unfinished if the run ends here.
        """
        self.catch_up()
        if self.busy and self.outstanding:  # a draining node ends while its last step is being settled: nothing is left to settle then
            if self.clock.now < self.run_began_s:
                self._reopen()
            elapsed = self.clock.now - self.run_began_s
            steps = min(self._steps_by(elapsed, after=False), self.run_steps)
            unused = max(0.0, elapsed - self._run_s(steps))
            self._shrink_chunks(steps)
            self._settle(steps, self.run_began_s + self._run_s(steps))
            if lost:
                self.lost_s += unused
        if self.busy:
            self.busy = False
            self.busy_s += self.clock.now - self._busy_from_s
        left = self.requests()
        for request in self.running.values():
            restart(request, self._release(request))
        for request, stored_tokens in self._joining.values():
            self._unreserve(request, stored_tokens)
            restart(request, stored_tokens)
        self.running.clear()
        self.waiting.clear()
        self._joining.clear()
        if self._cache is not None:
            self._cache.clear()
        self._at_boundary = None
        self.outstanding = self._queued_tokens = 0
        return left

    def requests(self) -> list[Request]:
        """All requests it has: in the batch, about to join it, and waiting."""
        return [*self.running.values(), *(request for request, _ in self._joining.values()), *self.waiting]

    def stored_tokens(self, request: Request) -> int:
        """At a boundary: tokens whose KV a running request holds."""
        return self.step + request.cache_offset if request.finish_step >= 0 else request.prefilled_tokens

    def cached_tokens(self, request: Request) -> int:
        """Tokens of a request's prompt whose KV is kept here, at whatever level it was computed."""
        cache = self._cache
        if cache is None or not cache.reusable_tokens(request):  # it may have less by now, but not more
            return 0
        self.catch_up()
        if self.clock.now < self._due_s or not self.busy:  # else requests are ending at this moment
            self._make_cache_yield_now()
        return cache.reusable_tokens(request)

    def dense_s(self, prompt_tokens: int, output_tokens: float) -> DenseLatency:
        """What a full-model request would see here now.

        An estimate from the present batch: the queue is prefilled first, then the batch stays as it is.
        """
        self.catch_up()
        latency, full = self.latency, self.profile.levels[0]
        queue_s = (self._queued_tokens + prompt_tokens) * latency.prompt_token_s(full.layers)
        step_s = latency.decode_run(
            self.decoding + 1, full.layers, self._layers + full.layers,
            self.kv_units + int((prompt_tokens + output_tokens * 0.5) * full.units), self._width + full.units,
        )[0]  # fmt: skip
        return DenseLatency(queue_s + step_s, step_s)

    def busy_until_now_s(self) -> float:
        """Seconds spent in steps up to the last boundary."""
        self.catch_up()
        return self.busy_s + (max(0.0, self.run_began_s - self._busy_from_s) if self.busy else 0.0)

    def deepest_budget(self) -> float:
        """Budget of the deepest member of the batch; 0 if it is empty, or if skip sets are not nested, so that no one says what is read."""
        self.catch_up()
        if not self._elastic:
            return 1.0 if self.running else 0.0
        layers = self._batch_layers
        return layers.budget if isinstance(layers, DeepestLevel) else 0.0

    def kv_free(self) -> float:
        """Share of the KV blocks that is free."""
        self.catch_up()
        stored = self.held + (self.kv_units - self._width) / self.block_tokens  # to within the last block of each sequence
        return 1.0 - stored / self.capacity
