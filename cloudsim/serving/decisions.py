"""Asks a contender's policies about its requests, and holds them to their contracts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from cloudsim.cluster.fleet import Fleet
from cloudsim.contracts import (
    Action,
    AdmissionPolicy,
    BudgetPolicy,
    EffortPolicy,
    Learner,
    MoveTo,
    NoticePolicy,
    NoticeView,
    Reviewer,
    Route,
    RoutingPolicy,
    Served,
    Tightener,
)
from cloudsim.decision_log import DecisionLog, Method
from cloudsim.models.elastic import Level
from cloudsim.policy_errors import PolicyErrors
from cloudsim.serving.answers import Answers
from cloudsim.serving.replica import Replica
from cloudsim.serving.request import Request
from cloudsim.views import AnswerView, FleetView, ReplicaView, RequestView

Default = TypeVar("Default")


@dataclass(frozen=True, slots=True)
class RequestPolicies:
    """What decides on the requests of a contender."""

    admission: AdmissionPolicy
    routing: RoutingPolicy
    budget: BudgetPolicy
    effort: EffortPolicy | None
    notice: NoticePolicy

    @property
    def reviewer(self) -> Reviewer | None:
        """The routing policy, if it looks at answers."""
        return cast("Reviewer", self.routing) if callable(getattr(self.routing, "review", None)) else None

    @property
    def tightener(self) -> Tightener | None:
        """The effort policy, if it looks again at requests that run."""
        return cast("Tightener", self.effort) if callable(getattr(self.effort, "tighten", None)) else None

    @property
    def learners(self) -> tuple[Learner, ...]:
        """Those that want to be told how requests end; one that has two parts is told once."""
        policies = (self.admission, self.routing, self.budget, self.effort)
        found = {id(policy): policy for policy in policies if callable(getattr(policy, "learn", None))}
        return cast("tuple[Learner, ...]", tuple(found.values()))


class Decisions:
    """One contender's decisions on requests.

    Where a policy breaks its contract and the run is to go on nevertheless (`on_policy_error=fallback`), a request is admitted, goes to the
    least outstanding replica, gets the full model and all its reasoning, starts again elsewhere when its node goes, and has its answer
    delivered.

    Attributes:
        learners: policies to be told of each request that ends.
        efforts, tightens: whether there is an effort policy, and one that looks again at requests that run.
        sampled: whether the router has ever asked for several samples.
    """

    __slots__ = (
        "_fleet", "_policies", "_errors", "_answers", "_admit", "_route", "_review", "_budget", "_effort", "_tighten", "_act", "learners",
        "efforts", "tightens", "sampled",
    )  # fmt: skip

    def __init__(self, policies: RequestPolicies, fleet: Fleet, errors: PolicyErrors, log: DecisionLog, answers: Answers) -> None:
        self._policies, self._fleet, self._errors, self._answers = policies, fleet, errors, answers
        self._admit = log.noting("admission", policies.admission, policies.admission.admit, lambda request, fleet: [True, False])
        self._route = log.noting("routing", policies.routing, policies.routing.route, _replicas)
        self._review = log.noting("routing", policies.routing, reviewer.review, _delivery) if (reviewer := policies.reviewer) else None
        self._budget = log.noting("budget", policies.budget, policies.budget.budget, _budgets)
        self._act = log.noting("notice", policies.notice, policies.notice.act, lambda notice: [one.value for one in Action])
        effort, tightener = policies.effort, policies.tightener
        self._effort = log.noting("effort", effort, effort.effort, _shares) if effort is not None else None
        self._tighten = log.noting("effort", tightener, tightener.tighten, _shares) if tightener is not None else None
        self.efforts, self.tightens, self.sampled = effort is not None, tightener is not None, False
        self.learners = policies.learners

    def admit(self, request: Request) -> bool:
        """Whether a request that arrives is served."""
        try:
            admitted: Any = self._admit(request.view, self._fleet.view)
        except Exception as error:
            return self._broken("admission", request, "failed on", error, True)
        if admitted is None:
            return self._broken("admission", request, "gave None, neither True nor False, to", None, True)
        return bool(admitted)

    def route(self, request: Request) -> Replica:
        """The replica that serves a request; there is one."""
        try:
            chosen = self._route(request.view, self._fleet.view)
        except Exception as error:
            return self._broken("routing", request, "failed on", error, self._least_outstanding())
        if type(chosen) is ReplicaView and chosen._replica.accepting:
            request.samples, request.held = 1, self._review is not None
            return chosen._replica
        return self._taken(request, chosen) or self._least_outstanding()

    def review(self, request: Request, answer: AnswerView) -> Replica | None:
        """The replica that answers anew a request whose answer was held back; None where that is delivered."""
        try:
            chosen: Any = cast("Method", self._review)(request.view, answer, self._fleet.view)
        except Exception as error:
            return self._broken("routing", request, "failed to review", error, None)
        if chosen is None:
            return None
        pools = len(self._fleet.ready_by_pool)
        if answer.attempt + 1 >= pools:
            rule = f"throws away {answer.attempt + 1} answers, where there are {pools} pools, of"
            return self._broken("routing", request, rule, None, None)
        return self._taken(request, chosen)

    def _taken(self, request: Request, chosen: Any) -> Replica | None:
        """The replica that a router chose, how it is to answer being noted in the request; None if it may not be chosen."""
        view, samples, final = chosen if type(chosen) is Route else (chosen, 1, False)
        replica = view._replica if type(view) is ReplicaView else None
        if replica is None or not replica.accepting:
            return self._broken("routing", request, f"chose {_named(view)}, not a ready replica, for", None, None)
        most = self._answers.most_samples(replica.pool)
        if type(samples) is not int or not 1 <= samples <= most:
            rule = f"wants {samples!r} samples of {replica.model}, which gives from 1 to {most}, for"
            return self._broken("routing", request, rule, None, None)
        request.samples, request.held = samples, self._review is not None and not final
        self.sampled |= samples > 1
        return replica

    def level(self, request: Request, replica: Replica) -> Level:
        """The level at which a replica serves a request."""
        profile = replica.profile
        levels = profile.levels
        if len(levels) == 1:
            return levels[0]
        try:
            budget = self._budget(request.view, replica.view, self._fleet.view)
            possible = 0 < budget <= 1
        except Exception as error:
            return self._within(replica, self._broken("budget", request, "failed on", error, levels[0], replica))
        if not possible:
            rule = f"gave {budget!r}, not in (0, 1], to"
            return self._within(replica, self._broken("budget", request, rule, None, levels[0], replica))
        return self._within(replica, profile.level_for(budget))

    def effort(self, request: Request, replica: Replica) -> float:
        """Share of its reasoning tokens that a request may write on a replica; there is an effort policy."""
        return self._share("effort", cast("Method", self._effort), request, replica)

    def tighten(self, request: Request, replica: Replica) -> float:
        """The share that a running request may write from now on; there is a policy that says so."""
        return self._share("tighten", cast("Method", self._tighten), request, replica)

    def _share(self, name: str, ask: Method, request: Request, replica: Replica) -> float:
        try:
            share: Any = ask(request.view, replica.view, self._fleet.view)
            possible = 0 < share <= 1
        except Exception as error:
            return self._broken("effort", request, f"failed in {name} on", error, 1.0, replica)
        if not possible:
            return self._broken("effort", request, f"gave {share!r}, not in (0, 1], in {name} to", None, 1.0, replica)
        return float(share)

    def act(self, notice: NoticeView) -> Sequence[Action | MoveTo]:
        """What becomes of the running requests of a replica whose node is about to go; MIGRATE and MoveTo may find no room yet."""
        default = [Action.RECOMPUTE] * len(notice.running)
        try:
            actions: Any = self._act(notice)
            given = len(actions)
        except Exception as error:
            return self._unnoticed("failed", notice, error, default)
        if given != len(notice.running):
            return self._unnoticed(f"gave {given} actions for {len(notice.running)} running requests", notice, None, default)
        for action in actions:
            if not isinstance(action, Action) and not (isinstance(action, MoveTo) and action.replica in notice.targets):
                return self._unnoticed(f"gave {action!r}, neither an Action nor a MoveTo one of the targets", notice, None, default)
        return cast("Sequence[Action | MoveTo]", actions)

    def learn(self, served: Served) -> None:
        """A request has ended."""
        for learner in self.learners:
            try:
                learner.learn(served)
            except Exception as error:
                self._errors.broken("learn of", learner, f"failed on request {served.request.index}", [served.request], error)

    def _within(self, replica: Replica, level: Level) -> Level:
        """What is in its memory bounds what a replica can run."""
        return replica.ceiling if level.index < replica.ceiling.index else level

    def _least_outstanding(self) -> Replica:
        return min(self._fleet.ready, key=_outstanding)

    def _unnoticed(self, rule: str, notice: NoticeView, error: Exception | None, default: list[Action]) -> Sequence[Action | MoveTo]:
        views = [noticed.request for noticed in notice.running[:3]]
        self._errors.broken("notice", self._policies.notice, f"{rule} {notice.left_s:g} s before a reclaim", views, error)
        return default

    def _broken(
        self, kind: str, request: Request, rule: str, error: Exception | None, default: Default, replica: Replica | None = None
    ) -> Default:
        views = [request.view, *([replica.view] if replica is not None else self._fleet.view.ready[:3])]
        self._errors.broken(kind, getattr(self._policies, kind), f"{rule} request {request.index}", views, error)
        return default


ASKED: tuple[Callable[..., Any], ...] = (
    Decisions.admit, Decisions.route, Decisions.review, Decisions.level, Decisions.effort, Decisions.tighten, Decisions.act,
    Decisions.learn,
)  # fmt: skip
"""The methods in which a policy is at work."""


def _replicas(request: RequestView, fleet: FleetView) -> list[int]:
    return [replica.index for replica in fleet.ready]


def _delivery(request: RequestView, answer: AnswerView, fleet: FleetView) -> list[int | None]:
    return [None, *_replicas(request, fleet)]


def _shares(request: RequestView, replica: ReplicaView, fleet: FleetView) -> str:
    return "(0, 1]"


def _budgets(request: RequestView, replica: ReplicaView, fleet: FleetView) -> list[float]:
    return [level.budget for level in replica.profile.levels]


def _named(chosen: object) -> str:
    return f"replica {chosen.index}" if isinstance(chosen, ReplicaView) else repr(chosen)


def _outstanding(replica: Replica) -> int:
    return replica.outstanding
