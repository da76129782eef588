"""Where requests come in: admission, routing, budget, and a second try for those whose node went away."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import cast

from cloudsim.clock import Clock, Timer
from cloudsim.cluster.fleet import Fleet
from cloudsim.cluster.node import Node
from cloudsim.cluster.pool import Pool
from cloudsim.config import RunConfig
from cloudsim.contracts import Action, MoveTo, NoticedRequest, NoticeView, Served
from cloudsim.metrics.recorder import Recorder
from cloudsim.serving.answers import Answers
from cloudsim.serving.batch import restart
from cloudsim.serving.client_times import client_times
from cloudsim.serving.decisions import Decisions
from cloudsim.serving.replica import Replica
from cloudsim.serving.request import Request
from cloudsim.serving.review import Review
from cloudsim.workload.workload import Workload


@dataclass(frozen=True, slots=True)
class Move:
    """A request whose KV is on its way from one replica to another."""

    request: Request
    source: Replica
    target: Replica
    stored_tokens: int


class Gateway:
    """The front of one contender's fleet.

    A request is admitted or rejected, routed to a ready replica (or kept pending until there is one), given a budget, and submitted.
    When a node gets notice, its waiting requests are dispatched anew and the notice policy decides on each running one. What is still
    there at the reclaim comes back without its KV. Nothing vanishes: every request ends in the recorder, with a reason if it was not
    served.

    Attributes:
        told: called with each request that ends before the horizon, and whether its answer is right; None for nobody.
    """

    def __init__(
        self, clock: Clock, config: RunConfig, pools: dict[str, Pool], fleet: Fleet, recorder: Recorder, workload: Workload,
        answers: Answers, decisions: Decisions,
    ) -> None:  # fmt: skip
        self._clock, self._pools, self._fleet, self._recorder, self._answers = clock, pools, fleet, recorder, answers
        self._workload, self._decisions, self._engine = workload, decisions, config.engine
        self._feedback_error = config.workload.feedback_error
        self._review = Review(config.workload.confidence_auroc, workload, answers)
        self._timeout_s, self._max_retries = config.gateway.queue_timeout_s, config.gateway.max_retries
        self._bytes_per_s, self._transfer_usd_per_gb = config.fleet.migration_bytes_per_s, config.fleet.transfer_usd_per_gb
        served = min(pool.blocks for pool in pools.values()) * config.engine.block_tokens
        self._longest_tokens = min(config.engine.max_model_tokens, served)
        self.told: Callable[[Served, bool], None] | None = None
        self.pending: deque[tuple[float, Request]] = deque()
        self.moving: dict[int, Move] = {}
        self._sent_on: dict[int, Request] = {}  # on their way to another model, which takes no time
        self._oldest = Timer(self._expire)
        fleet.replica_ready, fleet.node_noticed, fleet.node_ended = self._dispatch_pending, self._on_notice, self._on_end
        fleet.would_be_right = answers.right_at

    def arrive(self, request: Request) -> None:
        """A request comes in."""
        if request.input_tokens + request.full_output_tokens > self._longest_tokens:
            self._end(request, "rejected", "too_long")
        elif self._decisions.admit(request):
            self._dispatch(request)
        else:
            self._end(request, "rejected", "admission")

    def finished(self, request: Request) -> None:
        """A replica has completed a request."""
        fleet = self._fleet
        fleet.output_tokens_mean += 0.01 * (request.output_tokens - fleet.output_tokens_mean)
        replica = cast(Replica, request.replica)
        if not request.held or self._accepted(request, replica):
            self._end(request, "completed", "")
        if not replica.accepting:
            fleet.end_if_drained(replica.node)

    def _accepted(self, request: Request, replica: Replica) -> bool:
        """Whether an answer that was held back goes to the client, who gets it whole; else the request is sent on.

        Where no replica is ready the answer that is there is better than none. The seconds of one that is thrown away stay with the
        request, and are useful unless it is lost.
        """
        target = self._decisions.review(request, self._review.view(request)) if self._fleet.ready else None
        if target is None:
            request.first_token_s = self._clock._now
            return True
        self._spend(replica, request)
        request.begin_anew()
        self._sent_on[request.index] = request
        # The engine that completed it is in the middle of a step, so nobody is submitted to it now.
        self._clock.alarm(self._clock._now, Timer(lambda: self._serve_anew(request, target)))
        return False

    def _serve_anew(self, request: Request, target: Replica) -> None:
        del self._sent_on[request.index]
        if target.accepting:
            self._submit(request, target)
        else:
            self._dispatch(request)

    def _end(self, request: Request, status: str, reason: str) -> None:
        if self._decisions.learners or self.told is not None:
            completed = status == "completed"
            right = completed and self._answers.right(request)
            served = self._served(request, completed, right)
            self._decisions.learn(served)
            if self.told is not None:
                self.told(served, right)
        self._recorder.end(request, status, reason)
        del request.view  # it leads back to the request, and nobody looks for circles during a run

    def _served(self, request: Request, completed: bool, right: bool) -> Served:
        """What learning policies are told."""
        replica, now = request.replica, self._clock.now
        seen = client_times(request, completed, now, self._engine, self._fleet.tiers)
        budget = request.level.budget if replica is not None else nan
        gpu_s = request.past_gpu_s + (request.gpu_s * replica.gpus if replica is not None else 0.0)
        view = replica.view if replica is not None else None
        right_seen = completed and right != (self._workload.signal(request.index) < self._feedback_error)
        return Served(request.view, view, completed, seen.ttft_s, seen.tpot_s, seen.e2e_s, seen.met_sla, budget, gpu_s, right_seen, now)

    def _dispatch(self, request: Request) -> None:
        if not self._fleet.ready:
            self._keep(request)
            return
        self._submit(request, self._decisions.route(request))

    def _submit(self, request: Request, replica: Replica) -> None:
        """Hand a request to the replica that was chosen for it."""
        if request.samples > 1:  # as many as fit
            request.samples = min(request.samples, (self._longest_tokens - request.input_tokens) // request.full_output_tokens)
        decisions = self._decisions
        level = decisions.level(request, replica)
        if decisions.efforts:
            request.effort = decisions.effort(request, replica)
        if request.dispatched_s < 0:
            request.dispatched_s = self._clock._now
        self._answers.give(request, replica.pool, level)
        replica.submit(request)

    def _keep(self, request: Request) -> None:
        deadline = self._clock.now + self._timeout_s
        if not self.pending:
            self._clock.alarm(deadline, self._oldest)
        self.pending.append((deadline, request))

    def _expire(self) -> None:
        """No replica has come in time for the oldest pending requests."""
        while self.pending and self.pending[0][0] <= self._clock.now:
            self._lose(self.pending.popleft()[1], "no_capacity")
        if self.pending:
            self._clock.alarm(self.pending[0][0], self._oldest)

    def _dispatch_pending(self) -> None:
        waiting, self.pending = self.pending, deque()
        for _, request in waiting:
            self._dispatch(request)

    def _lose(self, request: Request, reason: str) -> None:
        for replica, useful_s in request.spent:
            replica.lost_s += useful_s
        request.past_lost_gpu_s = request.past_gpu_s
        request.withhold()
        self._end(request, "lost", reason)

    def _again(self, request: Request) -> None:
        """A request lost its replica: another try, or it is lost."""
        request.retries += 1
        if request.retries > self._max_retries:
            self._lose(request, "retries")
        else:
            self._dispatch(request)

    def _on_notice(self, node: Node) -> None:
        for replica in node.replicas:
            replica.at_boundary(lambda replica=replica: self._empty(replica))  # type: ignore[misc]

    def _empty(self, replica: Replica) -> None:
        """At the first step boundary after the notice: decide on every request of a replica."""
        for request in list(replica.waiting):
            self._leave(replica, request)
            self._again(request)
        running = list(replica.running.values())
        if not running:
            return
        decided = zip(running, self._decisions.act(self._notice(replica, running)), strict=True)
        for request, action in sorted(decided, key=lambda pair: pair[1].turn if isinstance(pair[1], MoveTo) else 0):
            decodes = request.finish_step >= 0
            if action is Action.SQUEEZE and decodes:
                leanest = replica.profile.levels[-1]
                replica.shorten(request, self._answers.squeeze(request, replica.pool, leanest, replica.generated_tokens(request)))
            elif action is Action.MIGRATE and decodes:
                self._move(replica, request, None)
            elif isinstance(action, MoveTo) and decodes:
                self._move(replica, request, action.replica._replica)
            elif action is Action.RECOMPUTE:
                stored = self._leave(replica, request)
                restart(request, stored)
                self._again(request)

    def _notice(self, replica: Replica, running: Sequence[Request]) -> NoticeView:
        """What the notice policy sees of a replica, at a step boundary."""
        step_s, mean, now = replica.step_s(), self._fleet.output_tokens_mean, self._clock.now
        leanest, full = replica.profile.levels[-1], replica.profile.levels[0]
        prompt_token_s = replica.latency.prompt_token_s(full.layers)
        noticed = []
        for request in running:
            transfer_s = self._kv_bytes(replica, request) / self._bytes_per_s if request.finish_step >= 0 else inf
            squeezed_s = mean * leanest.tokens / request.reasoning_share * step_s
            recompute_s = replica.stored_tokens(request) * prompt_token_s
            noticed.append(NoticedRequest(request.view, mean * step_s, squeezed_s, transfer_s, recompute_s))
        targets = tuple(target.view for target in self._fleet.ready_by_pool[replica.pool] if target is not replica)
        node = replica.node
        return NoticeView(now, node.reclaim_at_s - now, max(0.0, node.network_free_s - now), tuple(noticed), targets)

    def _kv_bytes(self, replica: Replica, request: Request) -> float:
        """At a step boundary: what would have to be sent to move a request."""
        return replica.stored_tokens(request) * request.level.units * self._pools[replica.pool].kv_unit_bytes

    def _leave(self, replica: Replica, request: Request) -> int:
        stored = replica.detach(request)
        self._spend(replica, request)
        return stored

    def _spend(self, replica: Replica, request: Request) -> None:
        """Note what a request has cost on a replica that it leaves, to be called lost if the request is."""
        request.spent = (*request.spent, (replica, request.gpu_s - request.lost_gpu_s))
        request.past_gpu_s += request.gpu_s * replica.gpus
        request.past_lost_gpu_s += request.lost_gpu_s * replica.gpus
        request.gpu_s = request.lost_gpu_s = 0.0

    def _move(self, source: Replica, request: Request, target: Replica | None) -> None:
        """Send a request's KV to another replica of its model, the least outstanding if none is named, or let it be computed again if that
        has no room."""
        kv_bytes = self._kv_bytes(source, request)
        stored = self._leave(source, request)
        if target is None:
            targets = [replica for replica in self._fleet.ready_by_pool[source.pool] if replica is not source]
            target = min(targets, key=lambda replica: (replica.outstanding, replica.index), default=None)
        if target is None or not target.reserve(request, stored):
            restart(request, stored)
            self._again(request)
            return
        request.migrations += 1
        self.moving[request.index] = move = Move(request, source, target, stored)
        node = source.node
        if target.node.zone != node.zone:
            node.transfer_usd += kv_bytes / 1e9 * self._transfer_usd_per_gb
        node.network_free_s = max(node.network_free_s, self._clock.now) + kv_bytes / self._bytes_per_s
        self._clock.alarm(node.network_free_s, Timer(lambda: self._arrive(move)))

    def _arrive(self, move: Move) -> None:
        """The last byte is there, unless one of the two nodes went away before."""
        if self.moving.get(move.request.index) is move:
            del self.moving[move.request.index]
            move.target.attach(move.request, move.stored_tokens)

    def _stop_moving(self, gone: Sequence[Replica]) -> None:
        """Replicas are gone: what was on its way from or to them is computed again."""
        for move in [move for move in self.moving.values() if move.source in gone or move.target in gone]:
            self._give_up(move, move.target not in gone)

    def _give_up(self, move: Move, cancel: bool) -> None:
        """KV on its way is of no use: the request is computed again. Args: cancel: give back the room that is kept for it."""
        del self.moving[move.request.index]
        if cancel:
            move.target.cancel(move.request, move.stored_tokens)
        restart(move.request, move.stored_tokens)
        self._again(move.request)

    def crashed(self, replica: Replica) -> None:
        """An engine is gone, its node is not: its requests try again."""
        for request in replica.abort():
            self._spend(replica, request)
            self._again(request)
        self._stop_moving([replica])

    def shrunk(self, replica: Replica) -> None:
        """At a step boundary: a replica has less memory. What was on its way to it goes elsewhere, and requests that run richer than it now
        can are computed anew at what is left."""
        for move in [move for move in self.moving.values() if move.target is replica]:
            self._give_up(move, cancel=True)
        ceiling = replica.ceiling
        richer = [request for request in (*replica.running.values(), *replica.waiting) if request.level.index < ceiling.index]
        for request in richer:
            stored = self._leave(replica, request)
            restart(request, stored)
            self._answers.give(request, replica.pool, ceiling)
            replica.submit(request)

    def _on_end(self, node: Node) -> None:
        for replica in node.replicas:
            for request in replica.abort(lost=node.end_reason == "reclaimed"):
                self._spend(replica, request)
                if node.end_reason == "horizon":
                    self._unfinished(request)
                else:
                    self._again(request)
        if node.end_reason != "horizon":
            self._stop_moving(node.replicas)

    def close(self) -> None:
        """The horizon: whatever has not ended is unfinished."""
        moving = (move.request for move in self.moving.values())
        for request in (*(request for _, request in self.pending), *moving, *self._sent_on.values()):
            self._unfinished(request)
        self.pending.clear()
        self.moving.clear()
        self._sent_on.clear()

    def _unfinished(self, request: Request) -> None:
        request.withhold()
        self._recorder.end(request, "unfinished", "")
