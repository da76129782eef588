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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from cloudsim.views import AnswerView as AnswerView
from cloudsim.views import DenseLatency as DenseLatency
from cloudsim.views import FleetView as FleetView
from cloudsim.views import ReplicaView as ReplicaView
from cloudsim.views import RequestView as RequestView


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


class Learner(Protocol):
    """A policy on requests that learns from what became of them."""

    def learn(self, served: Served) -> None:
        """A request has ended."""


@dataclass(frozen=True, slots=True)
class NodeView:
    """An instance of the fleet: its pool, zone and market, whether it takes requests, and whether a rebalance hint came."""

    index: int
    pool: str
    zone: str
    market: str
    ready: bool
    hinted: bool


@dataclass(frozen=True, slots=True)
class ClusterView:
    """The cluster as a provisioning policy sees it; capacity is found out only by asking for an instance.

    Args:
        nodes: instances that start or serve; those under notice or draining are not among them.
        targets: instances wanted by pool.
        zones: zones of the spot market.
        spot_price_usd_per_h: present spot price by zone.
        refused_s: last time a zone refused an instance, for zones that ever did.
    """

    now_s: float
    nodes: Sequence[NodeView]
    targets: Mapping[str, int]
    zones: Sequence[str]
    spot_price_usd_per_h: Mapping[str, float]
    refused_s: Mapping[str, float]


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
class NoticedRequest:
    """One request in the batch of a node under notice, as far as an operator can know it.

    Args:
        remaining_s: seconds to its end at the present step time; its length being unknown, the mean length is taken to be left.
        squeezed_s: the same under the leanest reasoning budget of the model.
        migration_s: seconds until its KV would have reached another instance; infinite while its prompt is still computed.
    """

    remaining_s: float
    squeezed_s: float
    migration_s: float


class NoticePolicy(Protocol):
    """What becomes of the requests on a node that is about to be reclaimed."""

    def act(self, request: NoticedRequest, notice_left_s: float) -> Action:
        """The action for one running request; asked oldest first, `notice_left_s` seconds before the reclaim."""
