"""What a policy sees and what it returns.

A policy is a class with one method; its constructor takes the keys of its YAML entry. It sees read-only views and draws on nothing
else, so a run stays deterministic. A new one is one file and one YAML entry with its `_target_`, here or in a user's own folder.
`cloudsim.testing` checks it.

Besides its method a policy may have:

- `learn(self, served: Served)`: it is told how each request ended (policies on requests only: admission, routing, budget,
  effort).
- `observes`: what it looks at, such as `("request.tier", "replica.outstanding", "fleet.now_s")`; the conformance suite holds it to that.
- `oracle`: what it knows that nobody can know, such as `("length",)`; it is a bound then, and reports say so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from cloudsim.views import AnswerView as AnswerView
from cloudsim.views import DenseLatency as DenseLatency
from cloudsim.views import FleetView as FleetView
from cloudsim.views import KeptPrefix as KeptPrefix
from cloudsim.views import ReplicaView as ReplicaView
from cloudsim.views import RequestView as RequestView
from traces.tables import ZoneSeries


class AdmissionPolicy(Protocol):
    """Whether a request that arrives is served at all."""

    def admit(self, request: RequestView, fleet: FleetView) -> bool:
        """False rejects it."""


class Route(NamedTuple):
    """A replica, and how it is to answer.

    Args:
        replica: one of `fleet.ready`.
        samples: answers it writes, from 1 to 64, of which a vote takes one (`cloudsim.models.voting`). They are one sequence that is so
            many times as long: the prompt is prefilled once, the samples follow each other. Fewer are written where so many do not fit.
        final: the answer goes to the client as it is written and is not reviewed.
    """

    replica: ReplicaView
    samples: int = 1
    final: bool = False


class RoutingPolicy(Protocol):
    """Which replica serves a request."""

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView | Route:
        """One of `fleet.ready`, which is not empty; asked again where a replica went away under a request."""


class Reviewer(Protocol):
    """A routing policy that looks at answers before the client does."""

    def review(self, request: RequestView, answer: AnswerView, fleet: FleetView) -> ReplicaView | Route | None:
        """None delivers the answer; one of `fleet.ready` throws it away and serves the request there from its prompt.

        It is asked when a replica has completed an answer that was not `final`, and some replica is ready. Until then the client sees
        nothing of the answer, so an accepted one arrives whole. A request may go through as many models as there are pools, no more.
        """


class ReplicaFilter(Protocol):
    """Part of a composed router: whether a replica comes into question for a request."""

    def keep(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> bool:
        """False takes it out, unless no replica would be left."""


class ReplicaScore(Protocol):
    """Part of a composed router: how ill a replica suits a request.

    A part may also have `chose(request, replica)`, which tells it of each choice of the router that it is a part of.
    """

    def score(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """A finite number; the lowest is best."""


class ReplicaPick(Protocol):
    """Part of a composed router: which of the replicas that come into question it is."""

    def pick(self, replicas: Sequence[ReplicaView], cost: Callable[[ReplicaView], float]) -> ReplicaView:
        """One of `replicas`, which is not empty; `cost` gives the weighted sum of a replica's scores, worked out when it is called."""


class BudgetPolicy(Protocol):
    """How much compute a request may use; asked only on replicas of elastic models."""

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """A budget in (0, 1]; the richest level of the replica's profile within it is taken, for the life of the sequence."""


class EffortPolicy(Protocol):
    """How much of its reasoning a request may write, whatever the model; where a contender has none, the level of the budget says so."""

    def effort(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """A share of the request's reasoning tokens, in (0, 1]; no more than its level grants. Asked whenever a replica is to serve it."""


class Tightener(Protocol):
    """An effort policy that looks again at requests that run."""

    def tighten(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """A share in (0, 1]; one above that of the request changes nothing, and what is written stays.

        Asked at each control interval of the fleet for each request whose answer is being written, at a step boundary of its replica;
        `request.generated_tokens` is then what it has written.
        """


class SchedulingPolicy(Protocol):
    """In which order a replica serves its requests, and who gives way.

    Those who wait are admitted by rank, the lowest first, until the first of them does not fit (vLLM's priority scheduling). Where blocks
    run out, the running request of the highest rank is preempted and computed again. Among equal ranks it is as in vLLM's FCFS: the last
    one admitted is preempted first and goes to the front, the others wait in the order of coming. One object serves all replicas of a
    contender; what it keeps by replica goes by `replica.index`.

    `rank` is all that a policy must have. It may also have:

    - `reorders = True`, a class attribute: ranks of those who wait change with time or service. They are asked for anew, oldest request
      first, before a step that has room, if somebody came or left since the last time that the first of them did not fit; but not of one
      that waits alone and fits.
    - `observe(replica)`: called before each such new ranking of more than one.
    - `victim(replica)`: who of `replica.running` is preempted where blocks run out.
    - `quantum_tokens(request, replica)`: at least 1. After so many tokens a running request is ranked anew, and from then on gives way to
      one that waits, ranks before it and does not fit: the fewest that it needs go, the highest ranks first, to be computed again.
      Where nobody waits, nobody is asked: a quantum that has long been over ends when somebody comes.

    `generated_tokens` are up to date in each request that is asked about, and in all of the replica in `observe` and `victim`.
    """

    def rank(self, request: RequestView, replica: ReplicaView) -> float:
        """A finite number for a request that begins to wait (also when preempted), whose quantum is over, or whose KV has come."""


class CachePolicy(Protocol):
    """Which KV of conversations a replica keeps longest; where a contender has none, its replicas keep none.

    When a turn completes, its KV is kept in the blocks that nobody needs, for the next turn of the conversation to go on from. Whoever
    needs blocks takes them at once, those of the lowest worth first; of equals those that were stored first. One object serves all replicas
    of a contender. A hit makes the KV the request's own, and it is stored, and asked about, anew when that completes.
    """

    def worth(self, entry: KeptPrefix, replica: ReplicaView) -> float:
        """A finite number for KV that is about to be kept; the lowest goes first."""


class Served(NamedTuple):
    """How a request ended, for policies that learn.

    Args:
        request: as it is at its end.
        replica: the last one that had it; None if none did. It may be gone.
        completed: False if it was rejected or lost.
        ttft_s, tpot_s, e2e_s: at the client; NaN where there is none.
        met_sla: whether it was completed within the targets of its tier.
        budget: compute budget of its level, in (0, 1]; NaN if it never had a replica.
        gpu_s: GPU-seconds attributed to it, those of answers that were thrown away included.
        right_seen: whether a user or a verifier found the answer right, who errs in a share `workload.feedback_error` of the cases.
        at_s: simulated time at which it ended in the fleet; a client hears of it a few milliseconds later.
    """

    request: RequestView
    replica: ReplicaView | None
    completed: bool
    ttft_s: float
    tpot_s: float
    e2e_s: float
    met_sla: bool
    budget: float
    gpu_s: float
    right_seen: bool
    at_s: float


class Learner(Protocol):
    """A policy on requests that learns from what became of them."""

    def learn(self, served: Served) -> None:
        """A request has ended."""


@dataclass(frozen=True, slots=True)
class NodeView:
    """An instance of the fleet.

    Args:
        market: "spot" or "on_demand".
        ready: whether it takes requests. hinted: whether a rebalance hint came.
        outstanding: requests it has.
        price_usd_per_h: what it costs at present.
    """

    index: int
    pool: str
    zone: str
    market: str
    ready: bool
    hinted: bool
    outstanding: int
    price_usd_per_h: float


@dataclass(frozen=True, slots=True)
class ZoneRecord:
    """What the fleet has seen of one zone's spot market so far.

    Args:
        grants, refusals: answers to requests for an instance.
        losses: instances that were taken back.
        held_s: seconds for which instances were held, each from its grant to its notice, its return or now.
    """

    grants: int
    refusals: int
    losses: int
    held_s: float


@dataclass(frozen=True, slots=True)
class ClusterView:
    """The cluster as a provisioning policy sees it; capacity is found out only by asking for an instance.

    Args:
        nodes: instances that start or serve; those under notice or draining are not among them.
        targets: instances wanted by pool.
        zones: zones of the spot market.
        spot_price_usd_per_h: present spot price by zone.
        refused_s: last time a zone refused an instance, for zones that ever did.
        on_demand_usd_per_h: price of an instance that is never taken back.
        records: by zone.
    """

    now_s: float
    nodes: Sequence[NodeView]
    targets: Mapping[str, int]
    zones: Sequence[str]
    spot_price_usd_per_h: Mapping[str, float]
    refused_s: Mapping[str, float]
    on_demand_usd_per_h: float
    records: Mapping[str, ZoneRecord]


@dataclass(frozen=True, slots=True)
class Launch:
    """Ask for one instance for `pool` on `market` ("spot" or "on_demand"), in the first of `zones` that grants it."""

    pool: str
    market: str
    zones: Sequence[str]


@dataclass(frozen=True, slots=True)
class Terminate:
    """Let an instance finish its requests and give it back."""

    node: int


class ProvisioningPolicy(Protocol):
    """Which instances the fleet asks for and gives back; asked at each control interval and whenever one is noticed or lost."""

    def plan(self, cluster: ClusterView) -> Sequence[Launch | Terminate]:
        """What to do now, in this order."""


class Action(Enum):
    """What becomes of one running request when its node gets notice."""

    FINISH = "finish"
    SQUEEZE = "squeeze"
    MIGRATE = "migrate"
    RECOMPUTE = "recompute"


@dataclass(frozen=True, slots=True)
class MoveTo:
    """Migrate to this replica, one of `NoticeView.targets`; plain `Action.MIGRATE` goes to the least outstanding one.

    Args:
        turn: KV of lower turns leaves the node first; of equals, that of the older request.
    """

    replica: ReplicaView
    turn: int = 0


@dataclass(frozen=True, slots=True)
class NoticedRequest:
    """One request in the batch of a node under notice, as far as an operator can know it.

    Args:
        remaining_s: seconds to its end at the present step time; its length being unknown, the mean length is taken to be left.
        squeezed_s: the same under the leanest reasoning budget of the model.
        transfer_s: seconds for which its KV keeps the network of its node busy; infinite while its prompt is still computed.
        recompute_s: seconds in which an idle replica would compute its KV anew.
    """

    request: RequestView
    remaining_s: float
    squeezed_s: float
    transfer_s: float
    recompute_s: float


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A replica whose node is about to be reclaimed.

    Args:
        left_s: seconds until the reclaim.
        network_s: seconds until its network has sent what is on its way already; KV goes out one after another.
        running: its batch, oldest first.
        targets: replicas of its pool that could go on with its requests; those that wait in it have gone there already.
    """

    now_s: float
    left_s: float
    network_s: float
    running: Sequence[NoticedRequest]
    targets: Sequence[ReplicaView]


class NoticePolicy(Protocol):
    """What becomes of the running requests on a replica that is about to be reclaimed."""

    def act(self, notice: NoticeView) -> Sequence[Action | MoveTo]:
        """One for each of `notice.running`, in that order."""


@dataclass(frozen=True, slots=True)
class PoolLoad:
    """What one pool has had to do. Counts and shares are of the last control interval.

    Args:
        ready: instances that take requests, now. outstanding: requests they have. queued_tokens: prompt tokens still to prefill.
        utilisation: share of the GPU time of ready instances that was spent in steps, in [0, 1]; 0 if none was ready. An engine that
            decodes one sequence is as busy as one that decodes a hundred.
        completed, met_sla: requests completed, and of these within the targets of their tier.
        request_s: seconds in steps of an instance for each completed request, since the start; NaN until one has completed.
    """

    ready: int
    outstanding: int
    queued_tokens: int
    utilisation: float
    completed: int
    met_sla: int
    request_s: float


@dataclass(frozen=True, slots=True)
class LoadView:
    """The load as a scaling policy sees it.

    Args:
        interval_s: of control.
        pools: by name.
        pending: requests that wait for any instance to be ready.
        arrivals_rps: requests a second that arrived in each interval so far, oldest first; empty at time 0.
    """

    now_s: float
    interval_s: float
    pools: Mapping[str, PoolLoad]
    pending: int
    arrivals_rps: Sequence[float]


class ScalingPolicy(Protocol):
    """How many instances each pool should have; asked at each control interval, before the provisioning policy."""

    def targets(self, load: LoadView, cluster: ClusterView) -> Mapping[str, int]:
        """Instances wanted by pool; a pool that is not named keeps its target. `cluster.targets` begins with the configured numbers."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """What an oracle is told before the run: only what its class attribute `oracle` names, a tuple of "market" and "arrivals".

    A policy with that attribute has a method `foresee(foresight)`. It is a bound, not a policy that could be run.

    Args:
        horizon_s: end of the run. interval_s: of control.
        cold_start_s: longest time from a grant to an instance that is ready. warm: whether instances of time 0 are ready at once.
        on_demand_usd_per_h: price of an instance.
        market: capacity and price of each zone over the run; empty unless "market" was named.
        arrivals_s: sorted times of all arrivals; empty unless "arrivals" was named.
    """

    horizon_s: float
    interval_s: float
    cold_start_s: float
    warm: bool
    on_demand_usd_per_h: float
    market: Mapping[str, ZoneSeries]
    arrivals_s: NDArray[np.float64]
