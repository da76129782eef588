"""Continuous batching with the semantics of vLLM V1, simulated event-sparsely and exactly.

Every step has a token budget: decoding sequences take one token each, what is left goes to prompt chunks, the oldest request first.
KV memory is paged; when blocks run out the youngest sequence is preempted and later recomputed. Between two changes of the batch
all steps are alike, so n of them take ``n·first + growth·n·(n − 1)`` seconds and are one event, whether they decode or prefill a
long prompt in full chunks. An arrival that may join cuts a run at its next step boundary. The time stamps are those of an engine
that goes step by step; `tests/judge.py` is such an engine.
"""

import sys
from collections.abc import Callable
from heapq import heappop
from math import inf, sqrt

from cloudsim.clock import Clock
from cloudsim.latency.contract import LatencyModel
from cloudsim.models.elastic import ElasticProfile
from cloudsim.serving.batch import INDEX_BITS, INDEX_MASK, Batch
from cloudsim.serving.prefix_cache import PrefixCache
from cloudsim.serving.ranking import Ranking
from cloudsim.serving.request import Request


class Engine(Batch):
    """A batch and the steps it goes through.

    Its state is that of a step boundary, and `run_steps` steps follow from `run_began_s` to `_due_s`. The boundary may lie ahead: then
    the step before it is still under way. Or runs may have ended since, none of which completed a request: `catch_up` settles them
    before somebody looks. So an engine has events only where a request comes or completes. This is the hot path of the simulator: it
    is written to touch little memory and to call little at each event.

    Args:
        latency: step times of its model.
        profile, capacity, block_tokens: as in `Batch`.
        step_tokens, max_sequences: token budget of a step, larger than the number of sequences that run at once.
        finished: called with each request that completes, at that time.

    Attributes:
        outstanding: requests it has.
        incoming: sequences whose KV is on its way here.
        decode_s: seconds spent decoding, by the number of sequences.
        busy_s, lost_s: seconds spent in steps, and of these without use (recomputed prompts, a step that a reclaim cut off).
    """

    __slots__ = (
        "clock", "latency", "step_tokens", "max_sequences", "outstanding", "incoming", "busy_s", "decode_s", "lost_s",
        "busy", "_busy_from_s", "run_began_s", "run_steps", "_open", "_first_s", "_growth_s", "_chunks",
        "_due_s", "_attend_s", "_ahead_steps", "_ahead_first_s", "_ahead_growth_s", "_alarm_s", "_at_boundary", "_finished",
    )  # fmt: skip

    def __init__(
        self, clock: Clock, latency: LatencyModel, profile: ElasticProfile, capacity: int, block_tokens: int, step_tokens: int,
        max_sequences: int, finished: Callable[[Request], None],
    ) -> None:  # fmt: skip
        super().__init__(profile, capacity, block_tokens)
        self.clock, self.latency, self._finished = clock, latency, finished
        self.step_tokens, self.max_sequences = step_tokens, max_sequences
        self.outstanding = self.incoming = 0
        self.busy_s = self.lost_s = self._busy_from_s = 0.0
        self.decode_s = [0.0] * (max_sequences + 1)
        self.busy, self.run_began_s, self.run_steps = False, 0.0, 0
        self._open = False  # the step that begins at `run_began_s` has been composed ahead of its time
        self._first_s = self._growth_s = 0.0  # n steps of the run take n·first + growth·n·(n − 1)
        self._chunks: list[tuple[Request, int]] | None = None  # of the step under way: requests and their prompt tokens in it
        self._due_s = self._attend_s = 0.0  # when the present run ends, and when an alarm must come at the latest
        self._ahead_steps, self._ahead_first_s, self._ahead_growth_s = 0, 0.0, 0.0  # the run after the present one, where it is foreseen
        self._alarm_s = inf  # the earliest alarm that is set
        self._at_boundary: list[Callable[[], None]] | None = None

    def submit(self, request: Request) -> None:
        """Take a request; it joins the next step that has room for it."""
        request.replica = self  # type: ignore[assignment]
        now = self.clock._now
        if self.busy and self._due_s < now:
            self._catch_up(now)
        self.outstanding += 1
        self._queued_tokens += request.prompt_tokens
        if self._ranking is not None:
            self._line_up(request, self._ranking)
        elif self.waiting or not self._take(request, now):  # whoever waits is there because nobody fits before this run ends
            self.waiting.append(request)
            self._attend_s = self._due_s  # where somebody waits, each step is composed anew
        self._watch()

    def _line_up(self, request: Request, ranking: Ranking) -> None:
        """Let a request wait at its place, and end a run of decodes early where it might be admitted."""
        ahead = ranking.line_up(request)
        if not self.busy:
            self._busy_from_s = self.clock._now
            self._begin(self.clock._now)
            return
        if ahead and self._chunks is None and (ranking.policy.preempts or len(self.running) + self.incoming < self.max_sequences):
            self._cut()
        self._attend_s = self._due_s

    def _take(self, request: Request, now: float) -> bool:
        """Let a request into the next step, composing it at once; False if it has to wait for the end of the present run."""
        if not self.busy:
            boundary_s = self._busy_from_s = now
        elif self._open and now <= self.run_began_s:
            boundary_s = self.run_began_s
        elif self.run_steps > 1 and self._chunks is None:
            boundary_s = self._end_at_next_boundary()
            if boundary_s < 0:
                return False
        else:
            return False
        if not self._admit(request):
            if self.busy and self._chunks is None:
                self._begin(boundary_s)  # the decodes go on
            return False
        self.busy, self.run_began_s = True, boundary_s
        self._open = boundary_s > now
        self._run_chunks()
        return True

    @property
    def queued_tokens(self) -> int:
        """Prompt tokens it has still to prefill."""
        self.catch_up()
        return self._queued_tokens

    @property
    def now_s(self) -> float:
        """Simulated time."""
        return self.clock._now

    def generated_tokens(self, request: Request) -> int:
        """At a boundary: tokens that a decoding request has written."""
        return request.output_tokens - (request.finish_step - self.step)

    def catch_up(self) -> None:
        """Bring the state up to the last step boundary before the present, before somebody looks at it."""
        now = self.clock._now
        if self.busy and self._due_s < now:
            self._catch_up(now)
            self._watch()

    def _catch_up(self, now: float) -> None:
        while self.busy and self._due_s < now:
            self._end_run()

    def step_s(self) -> float:
        """Seconds of one decode step of the present batch."""
        self.catch_up()
        return self.latency.decode_run(self.decoding, self._layers_read, self._layers, self.kv_units, self._width)[0]

    def _run_s(self, steps: int) -> float:
        return steps * self._first_s + self._growth_s * (steps * (steps - 1))

    def _steps_by(self, elapsed: float, after: bool) -> int:
        """Steps of the present run that are over by `elapsed`: the least n with run(n) ≥ elapsed if `after`, else the most with ≤."""
        first, growth = self._first_s, self._growth_s
        linear = first - growth
        steps = int(2 * elapsed / (linear + sqrt(linear * linear + 4 * growth * elapsed)))
        if after:
            while steps * first + growth * (steps * (steps - 1)) < elapsed:
                steps += 1
            while steps > 0 and self._run_s(steps - 1) >= elapsed:
                steps -= 1
        else:
            while steps > 0 and self._run_s(steps) > elapsed:
                steps -= 1
            while self._run_s(steps + 1) <= elapsed:
                steps += 1
        return steps

    def _end_at_next_boundary(self) -> float:
        """Somebody may join a run of decodes: settle it up to its next boundary, whose time is returned; negative if it is not to be.

        The step that begins there can then be composed at once, which saves an event. It stays open for others until it begins; nothing
        else can change it before then. If the node goes away meanwhile, `_reopen` takes the last step of the old run back.
        """
        steps = self._steps_by(self.clock._now - self.run_began_s, after=True)
        if steps >= self.run_steps or len(self.running) + self.incoming >= self.max_sequences:
            return -1.0
        if not self.fits(self.step + steps + 1):
            self._run(steps)  # somebody will be preempted, which is not to be taken back
            return -1.0
        boundary_s = self.run_began_s + (steps * self._first_s + self._growth_s * (steps * (steps - 1)))
        self._settle(steps, boundary_s)
        return boundary_s

    def _reopen(self) -> None:
        """Go back from a step that has not begun to the last one of the run of decodes before it, which is still under way."""
        if self._chunks is not None:
            self._shrink_chunks(0)
            for request, _ in reversed(self._chunks):
                del self.running[request.index]
                self._leave(request.level)
                self.held -= self.blocks(request.prefilled_tokens) * request.level.units  # of a prefix that it went on from
                self._queued_tokens += request.prefilled_tokens
                request.prefilled_tokens = request.cached_tokens = 0
                self.waiting.appendleft(request)
            self._chunks = None
        self.step -= 1
        self.kv_units -= self._width
        last_s = self.latency.decode_run(self.decoding, self._layers_read, self._layers, self.kv_units, self._width)[0]
        self._share_s -= last_s / self.decoding
        self.decode_s[self.decoding] -= last_s
        self._ahead_steps = 0
        self.run_began_s -= last_s
        self._first_s, self._growth_s = last_s, 0.0
        self._run(1)

    def _cut(self) -> None:
        """End the present run at its next step boundary."""
        elapsed = self.clock._now - self.run_began_s
        steps = self._steps_by(elapsed, after=True) if elapsed > 0 else 0
        if not steps and (elapsed < 0 or self._chunks is not None):
            steps = 1  # a step that is composed, ahead of its time or with prompts in it, happens
        if steps < self.run_steps:
            self._shrink_chunks(steps)
            self._run(steps)

    def _run(self, steps: int) -> None:
        """The present run has `steps` steps."""
        self.run_steps = steps
        self._attend_s = self._due_s = self.run_began_s + (steps * self._first_s + self._growth_s * (steps * (steps - 1)))

    def _watch(self) -> None:
        """Make sure of an alarm by the time at which something happens that others see."""
        if self.busy:
            attend_s = self._attend_s
            if attend_s < self._alarm_s:  # one that comes too early sets the next, so none is set where one is early enough
                now = self.clock._now
                if attend_s < now:
                    attend_s = now
                self._alarm_s = attend_s
                self.clock.alarm(attend_s, self)

    def wake(self) -> None:
        """An alarm has come due."""
        now = self.clock._now
        if now != self._alarm_s:
            return  # an earlier one was set after it
        if self.busy and self._attend_s > now:  # it comes too early
            self._alarm_s = self._attend_s
            self.clock.alarm(self._attend_s, self)
            return
        self._alarm_s = inf
        while self.busy and self._due_s <= now:
            self._end_run()
        self._watch()

    def _end_run(self) -> None:
        """The present run is over: settle it and begin the next one."""
        ended_s, steps = self._due_s, self.run_steps
        self.run_steps = 1  # whoever comes while requests end waits for the step that begins then
        self._settle(steps, ended_s)
        if self._ahead_steps and not self.waiting and not self._at_boundary:  # what `_run_chunks` foresaw
            self.run_began_s, self._open = ended_s, False
            self._first_s, self._growth_s, self.run_steps = self._ahead_first_s, self._ahead_growth_s, self._ahead_steps
            self._due_s, self._ahead_steps = self._attend_s, 0
            return
        self._ahead_steps = 0
        if self._at_boundary:
            actions, self._at_boundary = self._at_boundary, None
            for action in actions:
                action()
        self._begin(ended_s)

    def _settle(self, steps: int, at_s: float) -> None:
        """Account for `steps` steps of the present run, which are over at `at_s`, and end what they completed."""
        pairs = steps * (steps - 1)
        run_s = steps * self._first_s + self._growth_s * pairs
        self.step = step = self.step + steps
        decoding = self.decoding
        if self._chunks is not None:
            if decoding:  # who decodes is charged what the steps would have taken without the prompts
                first_s, growth_s, _ = self.latency.decode_run(decoding, self._layers_read, self._layers, self.kv_units, self._width)
                decode_s = min(run_s, steps * first_s + growth_s * pairs)
                self._share_s += decode_s / decoding
                self.decode_s[decoding] += decode_s
                run_s -= decode_s
                self.kv_units += steps * self._width
            self._settle_chunks(steps, run_s, at_s)
        elif decoding:
            self.kv_units += steps * self._width
            self._share_s += run_s / decoding
            self.decode_s[decoding] += run_s
        finishing = self._finishing
        if self._cache is not None and finishing and finishing[0] >> INDEX_BITS <= step:
            self._make_cache_yield(step)
        while finishing and finishing[0] >> INDEX_BITS <= step:
            entry = heappop(finishing)
            request = self.running.get(entry & INDEX_MASK)
            if request is not None and request.finish_step == entry >> INDEX_BITS:
                del self.running[request.index]
                stored = self._release(request)
                if self._cache is not None and request.conversation >= 0:
                    self._cache.keep(request, stored)
                request.generated_tokens = request.output_tokens
                self.outstanding -= 1
                self._finished(request)
            self._stale -= 1  # the entry is off the heap, and where its request is complete, that has just left it behind

    def _settle_chunks(self, steps: int, prefill_s: float, at_s: float) -> None:
        chunks, self._chunks = self._chunks, None
        if not steps or chunks is None:
            return
        total = sum(tokens for _, tokens in chunks) if len(chunks) > 1 else chunks[0][1]
        for request, tokens in chunks:
            share_s = prefill_s * tokens / total
            request.gpu_s += share_s
            done = request.prefilled_tokens
            tokens *= steps
            if done < request.known_tokens:
                lost_s = share_s * min(1.0, (request.known_tokens - done) / tokens)
                request.lost_gpu_s += lost_s
                self.lost_s += lost_s
            self._queued_tokens -= tokens
            request.prefilled_tokens = done = done + tokens
            if done < request.prompt_tokens:
                self._partial = request
                continue
            if request is self._partial:
                self._partial = None
            self.held -= self.blocks(done) * request.level.units
            request.generated_tokens += 1  # the last prompt token brings the first of the answer
            if request.first_token_s < 0:
                request.first_token_s = at_s
            self._decode(request, done)

    def _begin(self, began_s: float) -> None:
        """Compose the step that begins at `began_s`, and run as many like it as there are before something changes."""
        self.run_began_s = began_s
        self._open = began_s > self.clock._now
        step = self.step
        preempted = False
        finish = self._next_finish() if self.decoding else step
        ample = self.fits(finish)
        if not ample and not self.fits(step + 1):
            preempted = self._make_room()
        partial = self._partial
        if (partial is not None or (self.waiting and not preempted)) and self._begin_mixed(not preempted):
            return
        if not self.decoding:
            if self.busy:
                self.busy = False
                self.busy_s += began_s - self._busy_from_s
            return
        if preempted or partial is not None:  # or there was no room for the next chunk: who waits is looked at again after one step
            finish = step + 1
        else:
            if not ample:
                finish = self._last_step(step + 1, finish)
            if self.waiting and self._ranking is not None:
                finish = min(finish, self._ranking.next_expiry_step())
        self.busy = True
        self._first_s, self._growth_s, most = self.latency.decode_run(
            self.decoding, self._layers_read, self._layers, self.kv_units, self._width
        )  # fmt: skip
        steps = finish - step
        self._run(steps if steps < most else most)

    def _begin_mixed(self, admit: bool) -> bool:
        """Begin a step with prompt chunks if there are any; False if there are none."""
        request = self._partial
        if request is not None:
            done = request.prefilled_tokens
            tokens = min(self.step_tokens - self.decoding, request.prompt_tokens - done)
            need = (self.blocks(done + tokens) - self.blocks(done)) * request.level.units
            while not self.fits(self.step + 1, need):
                self._make_cache_yield(self.step + 1)
                if self._preempt() is request:
                    return False
                admit = False
            self.held += need
            self._chunks = [(request, tokens)]
        if admit:
            waiting = self.waiting
            if self._ranking is not None:
                self._admit_in_order(self._ranking)
            else:
                while waiting and self._admit(waiting[0]):
                    waiting.popleft()
        if self._chunks is None:
            return False
        self.busy = True
        self._run_chunks()
        return True

    def _left(self) -> int:
        """Tokens that the step being composed has left for prompts."""
        left = self.step_tokens - self.decoding
        for _, tokens in self._chunks or ():
            left -= tokens
        return left

    def _admit_in_order(self, ranking: Ranking) -> None:
        """Admit those who wait in the order of the policy, until the first does not fit and nobody gives way to it."""
        waiting = self.waiting
        if not waiting or self._left() <= 0:
            return
        if len(waiting) == 1 and ranking.changed and self._admit(waiting[0]):  # alone and with room: there is nothing to ask
            ranking.admitted(waiting.popleft())
            return
        if ranking.policy.preempts:
            ranking.expire()
        elif len(self.running) + self.incoming >= self.max_sequences:
            return
        if not ranking.changed:
            return
        ranking.order()
        gave_way: list[Request] = []
        while waiting and waiting[0] not in gave_way:
            request = waiting[0]
            if not self._admit(request):
                if self._left() <= 0:
                    return
                if not self._make_way(request, ranking, gave_way):
                    ranking.changed = False
                    return
                self._admit(request)
            waiting.remove(request)  # those that gave way may have got ranks before it
            ranking.admitted(request)

    def _make_way(self, request: Request, ranking: Ranking, gave_way: list[Request]) -> bool:
        """Preempt the fewest, the worst first, of those that have used a quantum and rank behind `request`; False if that will not do."""
        if not ranking.policy.preempts:
            return False
        left, units = self._left(), request.level.units
        places = self.max_sequences - len(self.running) - self.incoming
        used = self.used(self.step + 1)
        going: list[Request] = []
        for other in ranking.yielding(request):
            going.append(other)
            used -= self.blocks(self.step + 1 + other.cache_offset) * other.level.units
            tokens = min(request.prompt_tokens, left + len(going))
            if places + len(going) > 0 and used + self.blocks(tokens) * units <= self.capacity:
                self._make_cache_yield(self.step + 1)
                for one in going:
                    self._preempt(one)
                gave_way += going
                return True
        return False

    def _run_chunks(self) -> None:
        """Run the composed step with chunks.

        Nobody outside sees prompts end. Where all of them do and a run of decodes follows that completes nobody at once, there is
        nothing to attend to before the end of that run: its steps and their time are worked out here, for `_end_run` to take.
        """
        chunks = self._chunks
        assert chunks is not None
        self._run(self._price_chunks(chunks))
        self._ahead_steps = 0
        if self.waiting or self.run_steps > 1:
            return
        step = self.step + 1
        units, layers, kv_units = self._width, self._layers, self.kv_units + self._width
        finish = self._next_finish() if self.decoding else sys.maxsize
        for request, tokens in chunks:
            if request.prefilled_tokens + tokens < request.prompt_tokens:
                return
            level = request.level
            units += level.units
            layers += level.layers
            kv_units += level.units * (request.prompt_tokens + 1)
            finish = min(finish, step + request.output_tokens - request.generated_tokens - 1)
        steps = finish - step
        if steps <= 0 or not self.fits(finish, (units - self._width) * (steps // self.block_tokens + 2)):
            return
        first, growth, most = self.latency.decode_run(self.decoding + len(chunks), self._layers_read, layers, kv_units, units)
        steps = min(steps, most)
        self._ahead_steps, self._ahead_first_s, self._ahead_growth_s = steps, first, growth
        self._attend_s = self._due_s + (steps * first + growth * (steps * (steps - 1)))

    def _admit(self, request: Request) -> bool:
        """Add a request to the step being composed, if tokens, sequences and blocks last."""
        chunks = self._chunks
        left = self.step_tokens - self.decoding
        if chunks is not None:  # as `_left`, which a call would make slower
            for _, tokens in chunks:
                left -= tokens
        if left <= 0 or len(self.running) + self.incoming >= self.max_sequences:
            return False
        tokens = request.prompt_tokens
        if tokens > left:
            tokens = left
        level = request.level
        need = self.blocks(tokens) * level.units
        if not self.fits(self.step + 1, need):
            return False
        if self._cache is not None and request.conversation >= 0 and (hit := self._hit(request, left, self._cache)):
            tokens = min(left, request.prompt_tokens - hit)
            need = self.blocks(hit + tokens) * level.units
        self.held += need
        self.running[request.index] = request
        if self._elastic:
            self._enter(level)
        if chunks is None:
            self._chunks = [(request, tokens)]
        else:
            chunks.append((request, tokens))
        return True

    def _hit(self, request: Request, left: int, cache: PrefixCache) -> int:
        """Let a request that is being admitted go on from what is kept of its conversation; return the tokens that need no prefill.

        They are as many as leave room for its first chunk, for which there is room: so whether it is admitted does not hang on the cache.
        """
        request.hits = 0
        step = self.step + 1
        self._make_cache_yield(step)
        hit = cache.reusable_tokens(request, request.level.index)
        if not hit:
            return 0
        units = request.level.units
        if not self.fits(step, self.blocks(min(request.prompt_tokens, hit + left)) * units):
            free = (self.capacity - self.used(step)) // units
            hit = min(hit, (free - self.blocks(left)) * self.block_tokens)
            if not hit:
                return 0
        cache.take(request, hit)
        request.prefilled_tokens = hit
        self._queued_tokens -= hit
        return hit

    def _steps_begun(self) -> int:
        """Steps of the present run that have begun, or that are composed ahead of their time."""
        if not self.busy:
            return 0
        elapsed = self.clock._now - self.run_began_s
        if self.clock._now >= self._due_s:
            return self.run_steps
        return max(1, self._steps_by(elapsed, after=True)) if elapsed > 0 else 1

    def _make_cache_yield_now(self) -> None:
        """Let the prefix cache give up what is in use at present, in the midst of a run."""
        cache = self._cache
        if cache is None or not cache.units:
            return
        steps, ahead = self._steps_begun(), 0
        for request, tokens in self._chunks or ():  # they hold already what later steps of the run need
            done = request.prefilled_tokens
            ahead += (self.blocks(done + self.run_steps * tokens) - self.blocks(done + steps * tokens)) * request.level.units
        if not self.fits(self.step + steps, cache.units - ahead):
            cache.shrink(self.capacity - self.used(self.step + steps) + ahead)

    def _price_chunks(self, chunks: list[tuple[Request, int]]) -> int:
        """Work out the time of the composed step with chunks; return how many steps like it follow each other."""
        token_layers = pair_units = pair_growth = 0
        for request, tokens in chunks:
            level = request.level
            token_layers += tokens * level.layers
            pair_units += level.units * tokens * (2 * request.prefilled_tokens + tokens)
        again = (
            len(chunks) == 1
            and request.prefilled_tokens + 2 * tokens < request.prompt_tokens
            and tokens == self.step_tokens - self.decoding  # else one that gave way to this chunk has left tokens for the next
        )
        if again:
            pair_growth = level.units * tokens * tokens
        self._first_s, self._growth_s, most = self.latency.mixed_run(
            self.decoding + len(chunks), self._layers_read, self._layers, self.kv_units, self._width, token_layers, pair_units, pair_growth
        )  # fmt: skip
        return self._extend_chunk(request, tokens, most) if again else 1

    def _extend_chunk(self, request: Request, tokens: int, most: int) -> int:
        """Steps, `most` at most, in which one chunk can be repeated before its prompt ends, a sequence completes or blocks run out."""
        done = request.prefilled_tokens
        steps = min((request.prompt_tokens - done - 1) // tokens, most)
        if self.decoding:
            steps = min(steps, self._next_finish() - self.step)
        need = (self.blocks(done + steps * tokens) - self.blocks(done + tokens)) * request.level.units
        if steps <= 1 or not self.fits(self.step + steps, need):
            return 1
        self.held += need
        return steps

    def _shrink_chunks(self, steps: int) -> None:
        """A run with chunks ends early: give back the blocks of the steps that do not come."""
        for request, tokens in self._chunks or ():
            done = request.prefilled_tokens
            self.held -= (self.blocks(done + self.run_steps * tokens) - self.blocks(done + steps * tokens)) * request.level.units
