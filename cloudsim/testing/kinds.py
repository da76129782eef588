"""What each kind of policy is asked in a made-up state, and what it may answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan
from numbers import Integral, Real
from typing import Any

from cloudsim.contracts import (
    Action,
    AnswerView,
    ClusterView,
    KeptPrefix,
    Launch,
    LoadView,
    MoveTo,
    NodeView,
    NoticedRequest,
    NoticeView,
    PoolLoad,
    ReplicaView,
    Route,
    Terminate,
    ZoneRecord,
)  # fmt: skip
from cloudsim.testing.states import Shown

Arguments = Callable[[Shown], tuple[Any, ...]]
Range = Callable[[Any, Shown], bool]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a policy is asked.

    Args:
        method: by which it is asked.
        arguments: what it is given.
        accepted: in words, what it may answer.
        within: whether an answer is among that.
        needed: whether every policy of the kind has the method.
    """

    method: str
    arguments: Arguments
    accepted: str
    within: Range
    needed: bool = True


def notice(shown: Shown) -> NoticeView:
    """A replica under notice: the requests of the state's first replica, from ones that are nearly done to ones still in prefill."""
    first = shown.state.replicas[0]
    count = min(first.outstanding, 12)
    running = tuple(
        NoticedRequest(shown.request, 4.0 * at, 2.0 * at, inf if at % 5 == 4 else 0.5 * at, 0.1 * at) for at in range(count)
    )  # fmt: skip
    targets = tuple(view for view in shown.fleet.ready_by_pool[first.pool][1:])
    return NoticeView(shown.state.now_s, 3.0 * (shown.state.index % 11), float(shown.state.index % 3), running, targets)


def cluster(shown: Shown) -> ClusterView:
    """The nodes of the state's replicas; targets are two a pool."""
    nodes = [
        NodeView(at, one.pool, one.zone, one.market, True, one.hinted, one.outstanding, one.price_usd_per_h)
        for at, one in enumerate(shown.state.replicas)
    ]
    zones = ("zone-a", "zone-b", "zone-c")
    prices = {zone: 1.0 + at for at, zone in enumerate(zones)}
    refused = {"zone-b": shown.state.now_s - 5.0} if shown.state.index % 2 else {}
    records = {zone: ZoneRecord(3 + at, at, at, 4000.0 * (at + 1)) for at, zone in enumerate(zones)}
    return ClusterView(shown.state.now_s, nodes, dict.fromkeys(shown.fleet.ready_by_pool, 2), zones, prices, refused, 4.0, records)


def load(shown: Shown) -> LoadView:
    """What the pools of the state have to do, and a history of arrivals that swings."""
    pools = {}
    for name, views in shown.fleet.ready_by_pool.items():
        outstanding = sum(view.outstanding for view in views)
        queued = sum(view.queued_tokens for view in views)
        request_s = nan if shown.state.now_s < 1 else 0.8
        pools[name] = PoolLoad(len(views), outstanding, queued, outstanding / (outstanding + 5), 30, 25, request_s)
    arrivals = tuple(5.0 + (at * 7 % 11) for at in range(int(shown.state.now_s // 15)))
    return LoadView(shown.state.now_s, 15.0, pools, shown.state.index % 4, arrivals)


def kept(shown: Shown) -> KeptPrefix:
    """What a turn of the state's request would leave, from a block to the longest there is."""
    tokens = shown.state.request.input_tokens // 16 * 16 + 16
    return KeptPrefix(7, 1 + shown.state.index % 5, tokens, tokens // 16 * 288, 1.0, shown.state.index % 5, shown.state.now_s)


def _actions(answer: Any, shown: Shown) -> bool:
    seen = notice(shown)
    return len(answer) == len(seen.running) and all(
        isinstance(one, Action) or (isinstance(one, MoveTo) and one.replica in shown.fleet.ready) for one in answer
    )  # fmt: skip


def _plan(answer: Any, shown: Shown) -> bool:
    seen = cluster(shown)
    return isinstance(answer, Sequence) and all(
        (isinstance(one, Launch) and one.pool in seen.targets and one.market in ("spot", "on_demand") and len(one.zones) > 0
         and set(one.zones) <= set(seen.zones))
        or (isinstance(one, Terminate) and one.node in {node.index for node in seen.nodes})
        for one in answer
    )  # fmt: skip


def _targets(answer: Any, shown: Shown) -> bool:
    return isinstance(answer, Mapping) and all(
        pool in shown.fleet.ready_by_pool and isinstance(count, Integral) and int(count) >= 0 for pool, count in answer.items()
    )


def _share(answer: Any, shown: Shown) -> bool:
    return isinstance(answer, Real) and 0 < float(answer) <= 1


def _number(answer: Any, shown: Shown) -> bool:
    return isinstance(answer, Real) and isfinite(answer)


def _replica_or_route(answer: Any, shown: Shown) -> bool:
    if isinstance(answer, Route):
        return answer.replica in shown.fleet.ready and answer.samples >= 1
    return isinstance(answer, ReplicaView) and answer in shown.fleet.ready


def answer(shown: Shown) -> AnswerView:
    """A first answer of the state's first replica, from doubtful to sure."""
    doubt = shown.state.index % 7 / 6
    return AnswerView(1 - doubt, 1 - doubt / 2, shown.replica.pool, shown.replica.model, 200, shown.state.request.escalations, 1)


def _nothing(answer: Any, shown: Shown) -> bool:
    return answer is None


def _on_request(shown: Shown) -> tuple[Any, ...]:
    return shown.request, shown.fleet


def _on_replica(shown: Shown) -> tuple[Any, ...]:
    return shown.request, shown.replica, shown.fleet


def _in_replica(shown: Shown) -> tuple[Any, ...]:
    return shown.request, shown.replica


KINDS: Mapping[str, tuple[Question, ...]] = {
    "admission": (Question("admit", _on_request, "True or False", lambda said, seen: said in (True, False)),),
    "routing": (
        Question("route", _on_request, "one of fleet.ready, or a Route there", _replica_or_route),
        Question(
            "review", lambda seen: (seen.request, answer(seen), seen.fleet), "None, one of fleet.ready, or a Route there",
            lambda said, seen: said is None or _replica_or_route(said, seen), needed=False,
        ),
    ),
    "budget": (Question("budget", _on_replica, "a number in (0, 1]", _share),),
    "effort": (
        Question("effort", _on_replica, "a number in (0, 1]", _share),
        Question("tighten", _on_replica, "a number in (0, 1]", _share, needed=False),
    ),
    "scheduling": (
        Question("observe", lambda seen: (seen.replica,), "nothing", _nothing, needed=False),
        Question("rank", _in_replica, "a finite number", _number),
        Question(
            "quantum_tokens", _in_replica, "a whole number of at least 1", lambda said, seen: isinstance(said, int) and said >= 1,
            needed=False,
        ),
        Question(
            "victim", lambda seen: (seen.replica,), "one of replica.running",
            lambda said, seen: not seen.replica.running or said in seen.replica.running, needed=False,
        ),
    ),
    "cache": (Question("worth", lambda seen: (kept(seen), seen.replica), "a finite number", _number),),
    "notice": (Question("act", lambda seen: (notice(seen),), "an Action or a MoveTo for each running request", _actions),),
    "scaling": (Question("targets", lambda seen: (load(seen), cluster(seen)), "a whole number of at least 0 for each pool", _targets),),
    "provisioning": (Question("plan", lambda seen: (cluster(seen),), "a list of Launch and Terminate", _plan),),
}  # fmt: skip
