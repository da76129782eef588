"""What a policy sees and what it returns.

A policy is a class with one method; its constructor takes the keys of its YAML entry. It sees read-only views and draws on nothing
else, so a run stays deterministic. A new one is one file and one YAML entry with its `_target_`, here or in a user's own folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from cloudsim.config import TierConfig
from cloudsim.models.elastic import ElasticProfile


class RequestView(Protocol):
    """A request as a policy sees it; its true difficulty is not for it to see.

    The length of its answer is there for policies that say so, by `oracle = ("length",)` in their class: bounds of what others can reach.
    """

    index: int
    arrival_s: float
    input_tokens: int
    generated_tokens: int  # more than 0 if it lost its replica on the way
    tier: int  # index into FleetView.tiers
    difficulty_seen: float  # a noisy estimate in [0, 1]
    output_tokens_seen: int  # a noisy estimate of full_output_tokens, at least 1
    tenant: int
    retries: int
    full_output_tokens: int  # oracle "length": of the answer at full compute, reasoning included
    reasoning_tokens: int  # oracle "length": of these, those before the answer proper


class DenseLatency(NamedTuple):
    """T_dense(x) of the L2A paper: what the full model would need for a request on a replica as it is now, estimated online.

    b_time, b_spot and the deadline of admission all read this one estimate.

    Args:
        first_s: seconds to the first token, the queue before it included.
        token_s: seconds a token after it.
    """

    first_s: float
    token_s: float

    def total_s(self, output_tokens: float) -> float:
        """Seconds of an answer of `output_tokens` tokens."""
        return self.first_s + output_tokens * self.token_s

    def b_time(self, left_s: float, output_tokens: float) -> float:
        """clip(T / T_dense(x), 0, 1): the share of the full model's compute that `left_s` seconds allow (arXiv 2606.27743)."""
        return min(1.0, max(0.0, left_s / self.total_s(output_tokens)))


class ReplicaView(Protocol):
    """A replica that takes requests."""

    index: int
    pool: str
    model: str
    profile: ElasticProfile
    outstanding: int  # requests it has
    tiers: Sequence[TierConfig]  # and their targets

    @property
    def now_s(self) -> float:
        """Simulated time."""

    @property
    def running(self) -> Mapping[int, RequestView]:
        """Its batch by index, in the order of admission."""

    @property
    def waiting(self) -> Sequence[RequestView]:
        """Those that wait for a place in the batch."""

    @property
    def queued_tokens(self) -> int:
        """Prompt tokens it has still to prefill."""

    def dense_s(self, prompt_tokens: int, output_tokens: float) -> DenseLatency:
        """Estimate for the full model."""

    def kv_free(self) -> float:
        """Share of its KV blocks that is free."""


class FleetView(Protocol):
    """The fleet as admission, routing and budget policies see it."""

    @property
    def now_s(self) -> float:
        """Simulated time."""

    @property
    def ready(self) -> Sequence[ReplicaView]:
        """Replicas that take requests, in the order they became ready."""

    @property
    def ready_by_pool(self) -> Mapping[str, Sequence[ReplicaView]]:
        """The same by pool; every pool of the contender is there, in the order of the configuration."""

    @property
    def tiers(self) -> Sequence[TierConfig]:
        """The tiers and their targets."""

    @property
    def output_tokens_mean(self) -> float:
        """Mean length of the answers completed so far."""


class AdmissionPolicy(Protocol):
    """Whether a request that arrives is served at all."""

    def admit(self, request: RequestView, fleet: FleetView) -> bool:
        """False rejects it."""


class RoutingPolicy(Protocol):
    """Which replica serves a request."""

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView:
        """One of `fleet.ready`, which is not empty."""


class BudgetPolicy(Protocol):
    """How much compute a request may use; asked only on replicas of elastic models."""

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """A budget in (0, 1]; the richest level of the replica's profile within it is taken, for the life of the sequence."""


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
