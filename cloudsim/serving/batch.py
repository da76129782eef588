"""The sequences of one replica: who is in the batch, how far each is, and the KV memory they take."""

from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from cloudsim.models.elastic import ElasticProfile, Level
from cloudsim.serving.block_ledger import BlockLedger
from cloudsim.serving.request import Request

if TYPE_CHECKING:
    from cloudsim.serving.prefix_cache import PrefixCache
    from cloudsim.serving.ranking import Ranking

INDEX_BITS = 40
INDEX_MASK = (1 << INDEX_BITS) - 1


class Batch:
    """Membership and memory of a batch, as sums that a step of any length changes in closed form.

    A sequence is admitted, prefilled in chunks (the last of which brings its first token), decodes, and leaves: complete, preempted
    for want of blocks, or with its node. KV memory is counted in units: one block of one KV head group of one layer.

    Args:
        profile: elastic levels of the model.
        capacity, block_tokens: units of KV memory, and tokens of a block.

    Attributes:
        waiting, running: requests in the order they came (a preempted one goes back to the front), or in that of a scheduling policy;
            and in the order they were admitted.
        held: units of sequences that do not decode: being prefilled, or on their way here.
        step, decoding, kv_units: steps so far; sequences that decode; Σ units × tokens that they attend to in the next step.
    """

    __slots__ = (
        "profile", "capacity", "block_tokens", "waiting", "running", "step", "decoding", "kv_units", "held", "_queued_tokens",
        "_ledger", "_width", "_layers", "_batch_layers", "_elastic", "_layers_read", "_finishing", "_stale", "_partial", "_share_s",
        "_ranking", "_cache",
    )  # fmt: skip

    def __init__(self, profile: ElasticProfile, capacity: int, block_tokens: int) -> None:
        self.profile, self.capacity, self.block_tokens = profile, capacity, block_tokens
        self.waiting: deque[Request] = deque()
        self.running: dict[int, Request] = {}
        self.step = self.decoding = self.kv_units = self.held = self._queued_tokens = 0
        self._ledger: BlockLedger | None = None  # kept only while blocks are scarce
        self._width = self._layers = 0  # Σ units and Σ layers of those that decode
        self._elastic = len(profile.levels) > 1
        self._batch_layers = profile.batch_layers()
        self._layers_read: float = profile.levels[0].layers  # of the batch; stays so where there is one level only
        self._finishing: list[int] = []  # heap: the step after which each is complete, shifted, and its index
        self._stale = 0  # entries of that heap whose request has left or ends at another step
        self._partial: Request | None = None  # the one whose prompt is done in part
        self._share_s = 0.0  # what one sequence would have been charged had it decoded since the start
        self._ranking: Ranking | None = None  # under a scheduling policy
        self._cache: PrefixCache | None = None  # of conversations; blocks it keeps are free, and no sum here counts them

    def blocks(self, tokens: int) -> int:
        """Blocks that `tokens` tokens fill or begin."""
        return -(-tokens // self.block_tokens)

    def used(self, step: int) -> int:
        """KV units in use before step `step`, if no sequence joins or leaves until then."""
        if self._ledger is None:
            self._ledger = BlockLedger(self.block_tokens)
            for request in self.running.values():
                if request.finish_step >= 0:
                    self._ledger.join(request.cache_offset, request.level.units)
        return self.held + self._ledger.used(step)

    def fits(self, step: int, more: int = 0) -> bool:
        """Whether every block needed before `step`, and `more` units, are there.

        Exact; where memory is ample a bound answers, for which no sequence has to be looked at: a sequence with n tokens holds less
        than n / block + 1 blocks.
        """
        block = self.block_tokens
        bound = self.held + more + (self.kv_units + self._width * (step - self.step + block - 2)) // block + 1
        if bound <= self.capacity:
            # Where KV is kept memory is mostly full, and it is asked again and again how full.
            if self._ledger is not None and bound * 5 <= self.capacity * 4 and self._cache is None:
                self._ledger = None
            return True
        return self.used(step) + more <= self.capacity

    def _make_cache_yield(self, step: int) -> None:
        """Let the prefix cache give up what the blocks in use before `step` leave no room for."""
        cache = self._cache
        if cache is not None and cache.units and not self.fits(step, cache.units):
            cache.shrink(self.capacity - self.used(step))

    def _last_step(self, first: int, last: int) -> int:
        """The last step in [first, last] before which all blocks are there; `first` is one, `last` is not."""
        while first < last - 1:
            middle = (first + last) // 2
            if self.used(middle) <= self.capacity:
                first = middle
            else:
                last = middle
        return first

    def _decode(self, request: Request, stored_tokens: int) -> None:
        """A request decodes from the present step on, with `stored_tokens` tokens in its KV."""
        level, step = request.level, self.step
        units = level.units
        request.finish_step = finish = step + request.output_tokens - request.generated_tokens
        request.share_mark_s = self._share_s
        request.cache_offset = offset = stored_tokens - step
        if self._ledger is not None:
            self._ledger.join(offset, units)
        self.decoding += 1
        self._layers += level.layers
        self._width += units
        self.kv_units += units * (stored_tokens + 1)
        heappush(self._finishing, finish << INDEX_BITS | request.index)
        if self._ranking is not None:
            self._ranking.decodes(request)

    def _release(self, request: Request) -> int:
        """Take a request's KV and its part in the batch away; return the tokens it had stored."""
        level = request.level
        units = level.units
        if self._ranking is not None:
            self._ranking.changed = True
        if self._elastic:
            self._leave(level)
        if request.finish_step < 0:
            stored = request.prefilled_tokens
            if request is self._partial:
                self._partial = None
            self.held -= self.blocks(stored) * units
            self._queued_tokens -= request.prompt_tokens - stored
            return stored
        step = self.step
        stored = step + request.cache_offset
        if self._ledger is not None:
            self._ledger.leave(request.cache_offset, units)
        self.decoding -= 1
        self._layers -= level.layers
        self._width -= units
        self.kv_units -= units * (stored + 1)
        request.gpu_s += self._share_s - request.share_mark_s
        request.generated_tokens = request.output_tokens - (request.finish_step - step)
        request.finish_step = -1
        self._stale += 1
        return stored

    def _enter(self, level: Level) -> None:
        """A request of this level is in the batch from now on."""
        if self._elastic:
            self._layers_read = self._batch_layers.enter(level)

    def _leave(self, level: Level) -> None:
        """A request of this level is in the batch no more."""
        if self._elastic:
            self._layers_read = self._batch_layers.leave(level)

    def _preempt(self, request: Request | None = None) -> Request:
        """Let `request` wait, to be computed again. Without one blocks have run out: the youngest goes, first in line, or whom the
        scheduling policy chooses, at its place."""
        ranking = self._ranking
        if ranking is None:
            request = self.running.popitem()[1]
        else:
            request = request or ranking.victim()
            del self.running[request.index]
        restart(request, self._release(request))
        request.preempted += 1
        self._queued_tokens += request.prompt_tokens
        if ranking is None:
            self.waiting.appendleft(request)
        else:
            ranking.preempted(request)
        return request

    def _make_room(self) -> bool:
        """Give each decoding sequence, oldest first, the block it needs for this step, preempting others; True if one was."""
        step = self.step
        free = self.capacity - self.used(step)
        given: dict[int, int] = {}
        preempted = False
        for request in list(self.running.values()):
            if request.index not in self.running or request.finish_step < 0:
                continue
            need = request.level.units if (step + request.cache_offset) % self.block_tokens == 0 else 0
            while need > free and request.index in self.running:
                if self._cache is not None:
                    self._cache.shrink(free)
                before = self.used(step)
                victim = self._preempt()
                preempted = True
                free += before - self.used(step) + given.pop(victim.index, 0)
            if request.index in self.running:
                free -= need
                given[request.index] = need
        return preempted

    def _next_finish(self) -> int:
        """The step after which the first of the decoding sequences is complete."""
        finishing = self._finishing
        while self._stale:
            request = self.running.get(finishing[0] & INDEX_MASK)
            if request is not None and request.finish_step == finishing[0] >> INDEX_BITS:
                break
            heappop(finishing)
            self._stale -= 1
        return finishing[0] >> INDEX_BITS


def restart(request: Request, stored_tokens: int) -> None:
    """A request's KV is gone: what it has generated becomes part of its prompt, and what was stored has to be computed again."""
    request.prompt_tokens = request.input_tokens + request.generated_tokens
    request.known_tokens = max(stored_tokens, request.known_tokens)
    request.prefilled_tokens = request.cached_tokens = 0
