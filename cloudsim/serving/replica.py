"""One model replica: continuous batching with the semantics of vLLM V1, simulated event-sparsely and exactly.

Every step has a token budget: decoding sequences take one token each, what is left goes to prompt chunks, the oldest request first.
KV memory is paged; when blocks run out the youngest sequence is preempted and later recomputed. Between two changes of the batch
all steps are alike, so n of them take ``n·first + growth·n·(n − 1)`` seconds and are one event, whether they decode or prefill a
long prompt in full chunks. An arrival that may join cuts a run at its next step boundary. The time stamps are those of an engine
that goes step by step; `tests/judge.py` is such an engine.
"""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from math import sqrt
from typing import TYPE_CHECKING

from cloudsim.clock import Alarm, Clock
from cloudsim.models.elastic import ElasticProfile
from cloudsim.models.latency import LatencyModel
from cloudsim.serving.kv_cache import KvCache
from cloudsim.serving.request import Request

if TYPE_CHECKING:
    from cloudsim.cluster.node import Node


class Replica:
    """A replica from its start to its end; `Node` owns it, the gateway submits to it.

    Between events, its state is that of the last step boundary, and `run_steps` steps are under way since `run_began_s`.

    Args:
        latency, profile, cache: step times, elastic levels and KV memory of its model.
        step_tokens, max_sequences: token budget of a step, larger than the number of sequences that run at once.
        gpus: GPUs it occupies.
        finished: called with each request that completes, at that time.

    Attributes:
        waiting, running: requests in the order they came (a preempted one goes back to the front) and in the order they were admitted.
        outstanding: requests it has.
        queued_tokens: prompt tokens it has still to prefill.
        busy_s, lost_s: seconds spent in steps, and of these without use (recomputed prompts, a step that a reclaim cut off).
    """

    __slots__ = (
        "index", "pool", "model", "node", "clock", "latency", "profile", "cache", "step_tokens", "max_sequences", "gpus",
        "waiting", "running", "outstanding", "queued_tokens", "incoming", "busy_s", "lost_s",
        "step", "decoding", "kv_units", "_width", "_layers", "_counts", "_finishing", "_partial", "_share_s",
        "busy", "run_began_s", "run_steps", "_first_s", "_growth_s", "_chunks", "_decode_first_s", "_decode_growth_s",
        "_due_s", "_alarms", "_alarm", "_at_boundary", "_joining", "_finished",
    )  # fmt: skip

    index: int
    pool: str
    model: str
    node: "Node"

    def __init__(
        self, clock: Clock, latency: LatencyModel, profile: ElasticProfile, cache: KvCache, step_tokens: int, max_sequences: int,
        gpus: int, finished: Callable[[Request], None],
    ) -> None:  # fmt: skip
        self.clock, self.latency, self.profile, self.cache = clock, latency, profile, cache
        self.step_tokens, self.max_sequences, self.gpus, self._finished = step_tokens, max_sequences, gpus, finished
        self.waiting: deque[Request] = deque()
        self.running: dict[int, Request] = {}
        self.outstanding = self.queued_tokens = self.incoming = 0
        self.busy_s = self.lost_s = 0.0
        self.step = self.decoding = self.kv_units = self._width = self._layers = 0
        self._counts = [0] * len(profile.levels)
        self._finishing: list[tuple[int, int, Request]] = []  # heap by the step after which each is complete
        self._partial: Request | None = None
        self._share_s = 0.0  # what one sequence would have been charged had it decoded since the start
        self.busy, self.run_began_s, self.run_steps = False, 0.0, 0
        self._first_s = self._growth_s = self._decode_first_s = self._decode_growth_s = 0.0
        self._chunks: list[tuple[Request, int]] = []
        self._due_s, self._alarms = 0.0, list[float]()
        self._alarm = Alarm(clock, self._wake)
        self._at_boundary: list[Callable[[], None]] = []
        self._joining: dict[int, tuple[Request, int]] = {}  # their KV has come, they join at the next boundary

    # Requests come and go

    def submit(self, request: Request) -> None:
        """Take a request; it joins the next step that has room for it."""
        request.replica = self
        self.outstanding += 1
        self.queued_tokens += request.prompt_tokens
        blocked = self.waiting
        if not self.busy:
            blocked.append(request)
            self._begin()
        elif blocked or self._chunks or self.run_steps == 1 or len(self.running) + self.incoming >= self.max_sequences:
            blocked.append(request)  # whoever waits already is there because nobody fits before this run ends
        else:
            blocked.append(request)
            self._cut()

    def at_boundary(self, action: Callable[[], None]) -> None:
        """Call `action` at the next step boundary, at once if no step is under way; then go on with what it left."""
        if self.busy:
            self._at_boundary.append(action)
            self._cut()
            return
        action()
        if not self.busy:
            self._begin()

    def detach(self, request: Request) -> int:
        """At a boundary: take a request out of the replica and return the tokens whose KV it held."""
        if request.index in self.running:
            del self.running[request.index]
            stored = self._release(request)
        else:
            self.waiting.remove(request)
            self.queued_tokens -= request.prompt_tokens
            stored = 0
        self.outstanding -= 1
        return stored

    def shorten(self, request: Request, output_tokens: int) -> None:
        """At a boundary: end a decoding request's answer after `output_tokens` tokens, of which at least one is still to come."""
        request.generated_tokens = request.output_tokens - (request.finish_step - self.step)
        request.output_tokens = max(output_tokens, request.generated_tokens + 1)
        request.finish_step = self.step + request.output_tokens - request.generated_tokens
        heappush(self._finishing, (request.finish_step, request.index, request))  # the entry it had is recognised as stale

    def reserve(self, request: Request, stored_tokens: int) -> bool:
        """Hold room for a request whose KV is on its way; False if there is none."""
        need = self.cache.blocks(stored_tokens) * request.level.units
        step = self.step + (self.run_steps if self.busy else 0)
        if len(self.running) + self.incoming >= self.max_sequences or not self.cache.fits(step + 1, need):
            return False
        self.cache.held += need
        self.incoming += 1
        return True

    def cancel(self, request: Request, stored_tokens: int) -> None:
        """Give up a reservation."""
        self.cache.held -= self.cache.blocks(stored_tokens) * request.level.units
        self.incoming -= 1

    def attach(self, request: Request, stored_tokens: int) -> None:
        """The reserved KV has come: decode on from the next step boundary."""
        request.replica = self
        self.outstanding += 1
        self._joining[request.index] = (request, stored_tokens)

        def join() -> None:
            del self._joining[request.index]
            self.cancel(request, stored_tokens)
            self.running[request.index] = request
            self._counts[request.level.index] += 1
            self._decode(request, stored_tokens)

        self.at_boundary(join)

    def abort(self, lost: bool = True) -> list[Request]:
        """The end: settle what was done by now and return the requests that are left, oldest first, without their KV.

        The step under way is lost if the node was taken away (`lost`), and only unfinished if the run ends here.
        """
        if self.busy:
            elapsed = self.clock.now - self.run_began_s
            steps = min(self._steps_by(elapsed, after=False), self.run_steps)
            unused = max(0.0, elapsed - self._run_s(steps))
            self._shrink_chunks(steps)
            self._settle(steps)
            self.busy_s += unused
            if lost:
                self.lost_s += unused
            self.busy = False
        left = self.requests()
        for request in self.running.values():
            restart(request, self._release(request))
        for request, stored_tokens in self._joining.values():
            self.cancel(request, stored_tokens)
            restart(request, stored_tokens)
        self.running.clear()
        self.waiting.clear()
        self._joining.clear()
        self._at_boundary.clear()
        self.outstanding = self.queued_tokens = 0
        return left

    def requests(self) -> list[Request]:
        """All requests it has: in the batch, about to join it, and waiting."""
        return [*self.running.values(), *(request for request, _ in self._joining.values()), *self.waiting]

    def remaining_tokens(self, request: Request) -> int:
        """Tokens that a running request has still to generate, as of the last boundary."""
        if request.finish_step < 0:
            return request.output_tokens - request.generated_tokens
        return request.finish_step - self.step

    def stored_tokens(self, request: Request) -> int:
        """Tokens whose KV a running request holds, as of the last boundary."""
        return self.step + request.cache_offset if request.finish_step >= 0 else request.prefilled_tokens

    def dense_s(self, prompt_tokens: int, output_tokens: float) -> tuple[float, float]:
        """What a full-model request would see here now: (seconds to its first token, seconds a token after it).

        An estimate from the present batch: the queue is prefilled first, then the batch stays as it is.
        """
        latency, full = self.latency, self.profile.levels[0]
        queue_s = (self.queued_tokens + prompt_tokens) * latency.prefill_token_layer_s * full.layers
        step_s = latency.decode_step_s(
            self.decoding + 1, full.layers, self._layers + full.layers,
            self.kv_units + int((prompt_tokens + output_tokens * 0.5) * full.units),
        )  # fmt: skip
        return queue_s + step_s, step_s

    def step_s(self) -> float:
        """Seconds of one decode step of the present batch."""
        return self.latency.decode_step_s(self.decoding, self.profile.layers_read(self._counts), self._layers, self.kv_units)

    def kv_free(self) -> float:
        """Share of the KV blocks that is free, as of the last boundary."""
        return 1.0 - self.cache.used(self.step) / self.cache.capacity

    # Steps

    def _run_s(self, steps: int) -> float:
        return steps * self._first_s + self._growth_s * (steps * (steps - 1))

    def _steps_by(self, elapsed: float, after: bool) -> int:
        """Steps of the present run that are over by `elapsed`: the least n with run(n) ≥ elapsed if `after`, else the most with ≤."""
        linear, growth = self._first_s - self._growth_s, self._growth_s
        if growth > 0:
            steps = int(2 * elapsed / (linear + sqrt(linear * linear + 4 * growth * elapsed)))
        else:
            steps = int(elapsed / linear)
        if after:
            while self._run_s(steps) < elapsed:
                steps += 1
            while steps > 0 and self._run_s(steps - 1) >= elapsed:
                steps -= 1
        else:
            while steps > 0 and self._run_s(steps) > elapsed:
                steps -= 1
            while self._run_s(steps + 1) <= elapsed:
                steps += 1
        return steps

    def _cut(self) -> None:
        """End the present run at its next step boundary."""
        steps = self._steps_by(self.clock._now - self.run_began_s, after=True)
        if self._chunks and not steps:
            steps = 1  # prompt chunks are admitted: their step happens
        if steps < self.run_steps:
            self._shrink_chunks(steps)
            self.run_steps = steps
            self._set_due()

    def _set_due(self) -> None:
        due = self.run_began_s + self._run_s(self.run_steps)
        now = self.clock._now
        self._due_s = due = due if due > now else now
        alarms = self._alarms  # descending; an alarm that comes too early sets the next one, so none is set where one is early enough
        if not alarms or alarms[-1] > due:
            alarms.append(due)
            self._alarm.set(due)

    def _wake(self) -> None:
        alarms = self._alarms
        alarms.pop()
        if not self.busy:
            return
        if self._due_s > self.clock._now:
            if not alarms or alarms[-1] > self._due_s:
                alarms.append(self._due_s)
                self._alarm.set(self._due_s)
            return
        steps, self.run_steps = self.run_steps, 1  # whoever comes while requests end waits for the step that begins then
        self._settle(steps)
        if self._at_boundary:
            actions, self._at_boundary = self._at_boundary, []
            self.busy = False
            for action in actions:
                action()
            if self.busy:  # an action took a request and began
                return
        self._begin()

    def _settle(self, steps: int) -> None:
        """Account for `steps` steps of the present run and end what they completed."""
        run_s = self._run_s(steps)
        self.busy_s += run_s
        self.step += steps
        decoding = self.decoding
        if decoding:
            decode_s = run_s
            self.kv_units += steps * self._width
        if self._chunks:
            if decoding:
                decode_s = min(run_s, steps * self._decode_first_s + self._decode_growth_s * (steps * (steps - 1)))
                self._share_s += decode_s / decoding
                self._settle_chunks(steps, run_s - decode_s)
            else:
                self._settle_chunks(steps, run_s)
        elif decoding:
            self._share_s += run_s / decoding
        finishing, step = self._finishing, self.step
        while finishing and finishing[0][0] <= step:
            due, _, request = heappop(finishing)
            if request.finish_step == due and request.replica is self:
                self._complete(request)

    def _complete(self, request: Request) -> None:
        del self.running[request.index]
        self._release(request)
        request.generated_tokens = request.output_tokens
        self.outstanding -= 1
        self._finished(request)

    def _settle_chunks(self, steps: int, prefill_s: float) -> None:
        chunks, self._chunks = self._chunks, []
        if not steps:
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
            self.queued_tokens -= tokens
            request.prefilled_tokens = done = done + tokens
            if done == request.prompt_tokens:
                self._first_token(request)
            else:
                self._partial = request

    def _first_token(self, request: Request) -> None:
        """The prompt is done, and with it one more token."""
        if request is self._partial:
            self._partial = None
        self.cache.held -= self.cache.blocks(request.prompt_tokens) * request.level.units
        request.generated_tokens += 1
        if request.first_token_s < 0:
            request.first_token_s = self.clock._now
        self._decode(request, request.prompt_tokens)

    def _decode(self, request: Request, stored_tokens: int) -> None:
        """A request decodes from the present step on, with `stored_tokens` tokens in its KV."""
        level, step = request.level, self.step
        units = level.units
        request.finish_step = finish = step + request.output_tokens - request.generated_tokens
        request.share_mark_s = self._share_s
        request.cache_offset = offset = stored_tokens - step
        self.cache.join(offset, units)
        self.decoding += 1
        self._layers += level.layers
        self._width += units
        self.kv_units += units * (stored_tokens + 1)
        heappush(self._finishing, (finish, request.index, request))

    def _release(self, request: Request) -> int:
        """Take a request's KV and its part in the batch away; return the tokens it had stored."""
        level = request.level
        units = level.units
        self._counts[level.index] -= 1
        if request.finish_step < 0:
            stored = request.prefilled_tokens
            if request is self._partial:
                self._partial = None
            self.cache.held -= self.cache.blocks(stored) * units
            self.queued_tokens -= request.prompt_tokens - stored
            return stored
        stored = self.step + request.cache_offset
        self.cache.leave(request.cache_offset, units)
        self.decoding -= 1
        self._layers -= level.layers
        self._width -= units
        self.kv_units -= units * (stored + 1)
        request.gpu_s += self._share_s - request.share_mark_s
        request.generated_tokens = request.output_tokens - (request.finish_step - self.step)
        request.finish_step = -1
        return stored

    def _preempt(self, request: Request) -> None:
        """Blocks have run out: the request waits, first in line, to be computed again."""
        restart(request, self._release(request))
        request.preempted += 1
        self.queued_tokens += request.prompt_tokens
        self.waiting.appendleft(request)

    def _make_room(self) -> bool:
        """Give each decoding sequence, oldest first, the block it needs for this step, preempting the youngest; True if one was."""
        cache, step = self.cache, self.step
        free = cache.capacity - cache.used(step)
        preempted = False
        for request in list(self.running.values()):
            if request.finish_step < 0:
                continue
            need = request.level.units if (step + request.cache_offset) % cache.block_tokens == 0 else 0
            while need > free:
                before = cache.used(step)
                victim = self.running.popitem()[1]
                self._preempt(victim)
                preempted = True
                free += before - cache.used(step)
                if victim is request:
                    return True
            if request.index not in self.running:
                return preempted
            free -= need
        return preempted

    def _begin(self) -> None:
        """Compose the step that begins now, and run as many like it as there are before something changes."""
        preempted = False
        if self.decoding and not self.cache.fits(self.step + 1):
            preempted = self._make_room()
        partial = self._partial
        if (partial is not None or (self.waiting and not preempted)) and self._begin_mixed(not preempted):
            return
        if partial is not None:
            preempted = True  # no room for its next chunk either
        finishing = self._finishing
        if not self.decoding:
            self.busy = False
            return
        while finishing[0][2].finish_step != finishing[0][0] or finishing[0][2].replica is not self:
            heappop(finishing)
        steps = 1 if preempted else self.cache.last_step(self.step + 1, finishing[0][0]) - self.step
        latency = self.latency
        first = latency.decode_step_s(self.decoding, self.profile.layers_read(self._counts), self._layers, self.kv_units)
        self._run(steps, first, 0.5 * latency.kv_unit_s * self._width)

    def _begin_mixed(self, admit: bool) -> bool:
        """Begin a step with prompt chunks if there are any; False if there are none."""
        cache, running, step = self.cache, self.running, self.step
        left = self.step_tokens - self.decoding
        chunks = self._chunks
        token_layers = pair_units = 0
        request = self._partial
        if request is not None:
            done = request.prefilled_tokens
            tokens = min(left, request.prompt_tokens - done)
            units = request.level.units
            need = (cache.blocks(done + tokens) - cache.blocks(done)) * units
            while not cache.fits(step + 1, need):
                victim = running.popitem()[1]
                self._preempt(victim)
                if victim is request:
                    return False
                admit = False
            cache.held += need
            chunks.append((request, tokens))
            left -= tokens
            token_layers = tokens * request.level.layers
            pair_units = units * tokens * (2 * done + tokens)
        if admit:
            waiting, counts, room = self.waiting, self._counts, self.max_sequences - len(running) - self.incoming
            while waiting and left > 0 and room > 0:
                request = waiting[0]
                tokens = request.prompt_tokens
                if tokens > left:
                    tokens = left
                level = request.level
                units = level.units
                need = cache.blocks(tokens) * units
                if not cache.fits(step + 1, need):
                    break
                waiting.popleft()
                cache.held += need
                running[request.index] = request
                counts[level.index] += 1
                chunks.append((request, tokens))
                left -= tokens
                room -= 1
                token_layers += tokens * level.layers
                pair_units += units * tokens * tokens
        if not chunks:
            return False
        steps, growth = 1, 0.0
        latency, layers_read = self.latency, self.profile.layers_read(self._counts)
        if len(chunks) == 1:
            steps = self._extend_chunk()
            request, tokens = chunks[0]
            growth = latency.prefill_pair_unit_s * request.level.units * tokens * tokens
        if self.decoding:
            self._decode_first_s = latency.decode_step_s(self.decoding, layers_read, self._layers, self.kv_units)
            self._decode_growth_s = 0.5 * latency.kv_unit_s * self._width
            growth += self._decode_growth_s
        first = latency.mixed_step_s(self.decoding + len(chunks), layers_read, self._layers, self.kv_units, token_layers, pair_units)
        self._run(steps, first, growth)
        return True

    def _extend_chunk(self) -> int:
        """Steps in which the one chunk just composed can be repeated before its prompt ends, a sequence completes or blocks run out."""
        request, tokens = self._chunks[0]
        done = request.prefilled_tokens
        steps = (request.prompt_tokens - done - 1) // tokens
        if steps <= 1 or request.prompt_tokens - done == tokens:
            return 1
        cache, finishing = self.cache, self._finishing
        if self.decoding:
            while finishing[0][2].finish_step != finishing[0][0] or finishing[0][2].replica is not self:
                heappop(finishing)
            steps = min(steps, finishing[0][0] - self.step)
        need = (cache.blocks(done + steps * tokens) - cache.blocks(done + tokens)) * request.level.units
        if steps <= 1 or not cache.fits(self.step + steps, need):
            return 1
        cache.held += need
        return steps

    def _shrink_chunks(self, steps: int) -> None:
        """A run with chunks ends early: give back the blocks of the steps that do not come."""
        cache = self.cache
        for request, tokens in self._chunks:
            done = request.prefilled_tokens
            cache.held -= (cache.blocks(done + self.run_steps * tokens) - cache.blocks(done + steps * tokens)) * request.level.units

    def _run(self, steps: int, first: float, growth: float) -> None:
        self.busy, self.run_began_s, self.run_steps = True, self.clock._now, steps
        self._first_s, self._growth_s = first, growth
        self._set_due()


def restart(request: Request, stored_tokens: int) -> None:
    """A request's KV is gone: what it has generated becomes part of its prompt, and what was stored has to be computed again."""
    request.prompt_tokens = request.input_tokens + request.generated_tokens
    request.known_tokens = max(stored_tokens, request.prefilled_tokens, request.known_tokens)
    request.prefilled_tokens = 0
