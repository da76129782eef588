"""What policies look at: a request, a replica and the fleet, each a read-only shell around the live object.

A view follows what it shows, so it may be kept. Setting anything in it raises `TypeError`, which ends the run with the policy's name.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudsim.config import TierConfig
from cloudsim.models.elastic import ElasticProfile, Level

if TYPE_CHECKING:
    from cloudsim.cluster.fleet import Fleet
    from cloudsim.serving.replica import Replica
    from cloudsim.serving.request import Request


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


class AnswerView(NamedTuple):
    """A finished answer as a policy sees it that may send the request on; whether it is right is not there to be seen.

    Args:
        confidence: estimate in [0, 1] that it is right; `cloudsim.models.confidence` states its error.
        agreement: share of its samples that say the same; 1 where there is one.
        pool, model: that answered.
        output_tokens: its length, all samples together.
        attempt: answers of the request before this one.
        samples: how many it was voted among.
    """

    confidence: float
    agreement: float
    pool: str
    model: str
    output_tokens: int
    attempt: int
    samples: int


class KeptPrefix(NamedTuple):
    """KV of a conversation that a replica may keep after a turn of it has completed.

    Args:
        conversation, turn: whose it is.
        tokens: whole blocks of them. units: of KV memory that they take; one is a block of one KV head group of one layer.
        budget: compute budget of the level at which it was computed and at which alone it can be used, in (0, 1].
        hits: turns in a row, this one included, that went on from the KV the one before had left here.
        stored_s: simulated time, at which the turn completed.
    """

    conversation: int
    turn: int
    tokens: int
    units: int
    budget: float
    hits: int
    stored_s: float


class View:
    """Read-only: whoever sets an attribute gets a `TypeError`."""

    __slots__ = ()

    def __setattr__(self, name: str, value: Any) -> None:
        raise TypeError(f"sets {name} of a {type(self).__name__}, which policies may only read")

    def __delattr__(self, name: str) -> None:
        raise TypeError(f"deletes {name} of a {type(self).__name__}, which policies may only read")


_set = object.__setattr__


class RequestView(View):
    """A request as a policy sees it; its true difficulty is not for it to see, the length of its answer only for bounds (`oracle`)."""

    __slots__ = ("_request",)

    def __init__(self, request: "Request") -> None:
        _set(self, "_request", request)

    _request: "Request"

    @property
    def index(self) -> int:
        """Position in the trace."""
        return self._request.index

    @property
    def arrival_s(self) -> float:
        """When it came."""
        return self._request.arrival_s

    @property
    def input_tokens(self) -> int:
        """Prompt of the user."""
        return self._request.input_tokens

    @property
    def generated_tokens(self) -> int:
        """Tokens of its answer: those that exist when it is dispatched again or ranked, or when a scheduling policy looks at a batch."""
        return self._request.generated_tokens

    @property
    def tier(self) -> int:
        """Index into `FleetView.tiers`."""
        return self._request.tier

    @property
    def difficulty_seen(self) -> float:
        """A noisy estimate of its difficulty in [0, 1]."""
        return self._request.difficulty_seen

    @property
    def output_tokens_seen(self) -> int:
        """A noisy estimate of `full_output_tokens`, at least 1."""
        return self._request.output_tokens_seen

    @property
    def tenant(self) -> int:
        """Number of the tenant that sent it."""
        return self._request.tenant

    @property
    def conversation(self) -> int:
        """Number of the conversation that it is a turn of; -1 for none."""
        return self._request.conversation

    @property
    def turn(self) -> int:
        """Its number in that conversation, mostly from 1; 0 for none."""
        return self._request.turn

    @property
    def reasoning_tokens(self) -> int:
        """Of `full_output_tokens`, those before the answer proper: only for policies that say `oracle = ("length",)`."""
        return self._request.reasoning_tokens

    @property
    def retries(self) -> int:
        """Times it lost its replica."""
        return self._request.retries

    @property
    def preempted(self) -> int:
        """Times it had to leave a batch for want of blocks, or because another one ranked before it."""
        return self._request.preempted

    @property
    def escalations(self) -> int:
        """Answers of it that were thrown away for another model's."""
        return self._request.escalations

    @property
    def full_output_tokens(self) -> int:
        """What the full model would answer with. Nobody can know it: only for policies that say `oracle = ("length",)`."""
        return self._request.full_output_tokens


class ReplicaView(View):
    """A replica that takes requests."""

    __slots__ = ("_replica",)

    def __init__(self, replica: "Replica") -> None:
        _set(self, "_replica", replica)

    _replica: "Replica"

    @property
    def index(self) -> int:
        """Number in the fleet, in the order of the starts."""
        return self._replica.index

    @property
    def pool(self) -> str:
        """Its pool."""
        return self._replica.pool

    @property
    def model(self) -> str:
        """Its model."""
        return self._replica.model

    @property
    def profile(self) -> ElasticProfile:
        """The levels its model can run at."""
        return self._replica.profile

    @property
    def zone(self) -> str:
        """Where its node runs."""
        return self._replica.node.zone

    @property
    def market(self) -> str:
        """How its node was bought: spot or on_demand."""
        return self._replica.node.market

    @property
    def hinted(self) -> bool:
        """Whether a rebalance hint came for its node."""
        node = self._replica.node
        return node.hinted_s == node.hinted_s

    @property
    def price_usd_per_h(self) -> float:
        """Present price of its node."""
        return self._replica.node.price_usd_per_h()

    @property
    def outstanding(self) -> int:
        """Requests it has."""
        return self._replica.outstanding

    @property
    def now_s(self) -> float:
        """Simulated time."""
        return self._replica.clock.now

    @property
    def tiers(self) -> Sequence[TierConfig]:
        """The tiers and their targets."""
        return self._replica.tiers

    @property
    def running(self) -> Sequence[RequestView]:
        """Its batch, in the order of admission."""
        return [request.view for request in self._replica.running.values()]

    @property
    def waiting(self) -> Sequence[RequestView]:
        """Those that wait for a place in the batch, the next one first."""
        return [request.view for request in self._replica.waiting]

    @property
    def queued_tokens(self) -> int:
        """Prompt tokens it has still to prefill."""
        return self._replica.queued_tokens

    @property
    def decoding(self) -> int:
        """Sequences whose answer is being written."""
        self._replica.catch_up()
        return self._replica.decoding

    @property
    def deepest_budget(self) -> float:
        """Budget of the richest level in its batch, whose layers a batch of nested skip sets reads; 0 where there is none."""
        return self._replica.deepest_budget()

    def dense_s(self, prompt_tokens: int, output_tokens: float) -> DenseLatency:
        """Estimate for the full model."""
        return self._replica.dense_s(prompt_tokens, output_tokens)

    def cached_tokens(self, request: RequestView) -> int:
        """Prompt tokens of a request that it would not have to compute, since their KV is kept from an earlier turn, if the request runs
        at the level of that turn; 0 where the contender has no prefix cache."""
        return self._replica.cached_tokens(request._request)

    def kv_free(self) -> float:
        """Share of its KV blocks that is free; those that only the prefix cache holds are."""
        return self._replica.kv_free()


class FleetView(View):
    """The fleet as policies on requests see it."""

    __slots__ = ("_fleet",)

    def __init__(self, fleet: "Fleet") -> None:
        _set(self, "_fleet", fleet)

    _fleet: "Fleet"

    @property
    def now_s(self) -> float:
        """Simulated time."""
        return self._fleet.now_s

    @property
    def ready(self) -> Sequence[ReplicaView]:
        """Replicas that take requests, in the order they became ready."""
        fleet = self._fleet
        return fleet.ready_views or fleet.show()

    @property
    def ready_by_pool(self) -> Mapping[str, Sequence[ReplicaView]]:
        """The same by pool; every pool of the contender is there, in the order of the configuration."""
        fleet = self._fleet
        if not fleet.ready_views:
            fleet.show()
        return fleet.ready_views_by_pool

    @property
    def tiers(self) -> Sequence[TierConfig]:
        """The tiers and their targets."""
        return self._fleet.tiers

    @property
    def output_tokens_mean(self) -> float:
        """Mean length of the answers completed so far."""
        return self._fleet.output_tokens_mean

    def would_be_right(self, request: RequestView, replica: ReplicaView, level: Level) -> bool:
        """Whether the model of a replica would answer a request rightly at a level. Nobody can know it: only for policies that say
        `oracle = ("answer",)`."""
        return self._fleet.would_be_right(request._request, replica._replica.pool, level)


def shown(view: View) -> str:
    """A view in words, for messages: its class and the numbers and texts in it."""
    names = [name for name in dir(type(view)) if isinstance(getattr(type(view), name), property)]
    facts = {name: getattr(view, name) for name in names}
    told = [f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in facts.items() if _plain(value)]
    return f"{type(view).__name__.removesuffix('View').lower()}: {', '.join(told)}"


def _plain(value: object) -> bool:
    return isinstance(value, bool | int | float | str)
