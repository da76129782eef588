"""What a policy sees and what it returns.

A policy is a class with one method; its constructor takes the keys of its YAML entry. It sees read-only views and draws on nothing
else, so a run stays deterministic. A new one is one file and one YAML entry with its `_target_`, here or in a user's own folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from cloudsim.config import TierConfig
from cloudsim.models.elastic import ElasticProfile
from traces.tables import ZoneSeries


class RequestView(Protocol):
    """A request as a policy sees it; the length of its answer and its true difficulty are not for it to see."""

    index: int
    arrival_s: float
    input_tokens: int
    generated_tokens: int  # more than 0 if it lost its replica on the way
    tier: int  # index into FleetView.tiers
    difficulty_seen: float  # a noisy estimate in [0, 1]
    retries: int


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
