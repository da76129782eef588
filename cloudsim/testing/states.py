"""Made-up fleets for policies to decide on: a plain one, extreme ones, and many at random."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from types import MappingProxyType, SimpleNamespace
from typing import Any

from cloudsim.config import TierConfig
from cloudsim.contracts import FleetView, ReplicaView, RequestView
from cloudsim.models.elastic import ElasticProfile, find_profile, static_profile
from cloudsim.models.spec import find_model
from cloudsim.views import DenseLatency

TIERS = (
    TierConfig(share=0.2, ttft_s=1.0, tpot_s=0.03, e2e_s=15.0),
    TierConfig(share=0.5, ttft_s=2.0, tpot_s=0.05, e2e_s=30.0),
    TierConfig(share=0.3, ttft_s=5.0, tpot_s=0.1, e2e_s=60.0),
)
MODELS = ("qwen3-4b", "qwen3-1.7b", "qwen3-0.6b")
POOLS = ("large", "middle", "small")
RANDOM = 40


@dataclass(frozen=True)
class Standing:
    """How a replica stands."""

    pool: str = "large"
    outstanding: int = 4
    queued_tokens: int = 500
    decoding: int = 3
    kv_free: float = 0.8
    first_s: float = 0.2
    token_s: float = 0.01
    deepest_budget: float = 1.0
    zone: str = "zone-a"
    market: str = "spot"
    price_usd_per_h: float = 1.0
    hinted: bool = False
    cached_tokens: int = 0


@dataclass(frozen=True)
class Asking:
    """What a request is like."""

    input_tokens: int = 500
    generated_tokens: int = 0
    tier: int = 1
    difficulty_seen: float = 0.5
    retries: int = 0
    waited_s: float = 0.0
    output_tokens_seen: int = 200
    full_output_tokens: int = 220
    reasoning_tokens: int = 100
    tenant: int = 0
    preempted: int = 0
    escalations: int = 0
    right: bool = True
    conversation: int = -1
    turn: int = 0


@dataclass(frozen=True)
class State:
    """A moment at which a policy is asked.

    Args:
        name: in words.
        request: what is asked about.
        replicas: those that take requests; the first is the one of the request.
        now_s: simulated time.
        output_tokens_mean: of recent answers.
    """

    name: str
    request: Asking = Asking()
    replicas: Sequence[Standing] = (Standing(), Standing(outstanding=7, queued_tokens=3000, kv_free=0.3))
    now_s: float = 100.0
    output_tokens_mean: float = 200.0
    index: int = 0


@dataclass
class Shown:
    """A state as policies see it, and the live objects behind the views.

    Args:
        live: all of them, so that a change can be seen.
    """

    state: State
    request: RequestView
    replica: ReplicaView
    fleet: FleetView
    live: list[SimpleNamespace] = field(default_factory=list)

    def snapshot(self) -> str:
        """Everything a policy must not change."""
        return repr([sorted((key, value) for key, value in vars(one).items() if isinstance(value, bool | int | float | str | tuple))
                     for one in self.live])  # fmt: skip


def states(pools: int, seed: int = 0) -> Iterator[State]:
    """The moments, the same for the same seed.

    Args:
        pools: of the fleet, from 1 to 3; each has a replica at least.
    """
    first = POOLS[:pools]
    every = tuple(Standing(pool=pool) for pool in first)
    busy = Standing(outstanding=500, queued_tokens=2_000_000, decoding=256, kv_free=0.0, first_s=300.0, token_s=0.5)
    idle = Standing(outstanding=0, queued_tokens=0, decoding=0, kv_free=1.0, first_s=0.001, token_s=1e-4, deepest_budget=0.0)
    made = [
        State("the start of a run", now_s=0.0, replicas=every),
        State("a plain moment", replicas=(*every, *every)),
        State("one idle replica in each pool", replicas=tuple(replace(idle, pool=pool) for pool in first)),
        State("every replica overloaded", replicas=tuple(replace(busy, pool=pool) for pool in first)),
        State("a request that is late already", Asking(waited_s=95.0, retries=2, generated_tokens=150), every),
        State("the shortest request", Asking(input_tokens=1, output_tokens_seen=1, full_output_tokens=1, difficulty_seen=0.0), every),
        State("the longest request", Asking(input_tokens=10_000_000, output_tokens_seen=10_000_000, full_output_tokens=10_000_000,
                                            difficulty_seen=1.0, right=False), every),
        State("sixty replicas, half of them hinted", replicas=tuple(
            Standing(pool=first[at % pools], outstanding=at * 7 % 30, hinted=at % 2 == 0, zone=f"zone-{'abc'[at % 3]}",
                     price_usd_per_h=0.5 + at % 5) for at in range(60))),
        State("on-demand and spot beside each other", replicas=(*every, *(replace(one, market="on_demand", price_usd_per_h=4.0)
                                                                          for one in every))),
        State("answers of one token", output_tokens_mean=1.0, replicas=every),
        *(State(f"tier {tier}", Asking(tier=tier), every) for tier in range(len(TIERS))),
    ]  # fmt: skip
    random = Random(f"states {seed}")
    made += [
        State(f"a turn whose prefix replica {at} keeps", Asking(conversation=3, turn=2), tuple(
            replace(one, cached_tokens=480 if place == at else 0) for place, one in enumerate((*every, *every))))
        for at in range(2)
    ]  # fmt: skip
    made += [_random(random, first, number) for number in range(RANDOM)]
    return (replace(state, index=index, now_s=state.now_s + 10.0 * index) for index, state in enumerate(made))


def _random(random: Random, pools: Sequence[str], number: int) -> State:
    replicas = tuple(
        Standing(
            pool=pools[at % len(pools)], outstanding=random.randrange(60), queued_tokens=random.choice([0, random.randrange(20_000)]),
            decoding=random.randrange(50), kv_free=random.random(), first_s=random.expovariate(1.0) + 1e-3,
            token_s=random.expovariate(50.0) + 1e-4, deepest_budget=random.choice([1.0, 0.9, 0.67]), zone=f"zone-{random.choice('abc')}",
            market=random.choice(["spot", "on_demand"]), price_usd_per_h=random.uniform(0.3, 5.0), hinted=random.random() < 0.1,
        )
        for at in range(len(pools) * random.randrange(1, 5))
    )  # fmt: skip
    length = random.randrange(1, 1000)
    request = Asking(
        input_tokens=random.randrange(1, 8000), generated_tokens=random.choice([0, 0, random.randrange(200)]),
        tier=random.randrange(len(TIERS)), difficulty_seen=random.random(), retries=random.choice([0, 0, 1]),
        waited_s=random.choice([0.0, random.expovariate(0.2)]), output_tokens_seen=max(1, round(length * random.lognormvariate(0, 0.4))),
        full_output_tokens=length, tenant=random.randrange(5), right=random.random() < 0.7,
    )  # fmt: skip
    return State(f"random moment {number}", request, replicas, output_tokens_mean=random.uniform(20.0, 600.0))


def shown(state: State) -> Shown:
    """The views of a state."""
    profiles = _profiles()
    asked = state.request
    facts = {name: value for name, value in vars(asked).items() if name not in ("waited_s", "right")}
    request = SimpleNamespace(index=state.index, arrival_s=state.now_s - asked.waited_s, **facts)
    request.view = RequestView(request)  # type: ignore[arg-type]
    replicas = [_replica(at, standing, profiles, state.now_s, request) for at, standing in enumerate(state.replicas)]
    views = tuple(ReplicaView(one) for one in replicas)  # type: ignore[arg-type]
    by_pool: dict[str, tuple[ReplicaView, ...]] = {}
    for view in views:
        by_pool[view.pool] = (*by_pool.get(view.pool, ()), view)
    fleet = SimpleNamespace(
        now_s=state.now_s, ready_views=views, ready_views_by_pool=MappingProxyType(by_pool), tiers=TIERS,
        output_tokens_mean=state.output_tokens_mean, would_be_right=lambda *asked: state.request.right,
    )  # fmt: skip
    return Shown(state, request.view, views[0], FleetView(fleet), [request, fleet, *replicas])  # type: ignore[arg-type]


def _replica(
    index: int, standing: Standing, profiles: Mapping[str, ElasticProfile], now_s: float, request: SimpleNamespace
) -> SimpleNamespace:
    """A replica; its batch and its queue are requests like `request`, each of another tenant."""
    others = [_other(request, 1000 * (index + 1) + at) for at in range(min(standing.outstanding, 12))]
    running, waiting = others[: standing.decoding], others[standing.decoding :]
    node = SimpleNamespace(
        index=index, zone=standing.zone, market=standing.market, hinted_s=1.0 if standing.hinted else float("nan"),
        price_usd_per_h=lambda: standing.price_usd_per_h,
    )  # fmt: skip
    facts = {name: getattr(standing, name) for name in ("pool", "outstanding", "queued_tokens", "decoding")}
    made: dict[str, Any] = {
        "clock": SimpleNamespace(now=now_s), "tiers": TIERS, "running": {one.index: one for one in running}, "waiting": waiting,
        "index": index, "node": node, "model": MODELS[POOLS.index(standing.pool)], "profile": profiles[standing.pool],
        "catch_up": lambda: None, "kv_free": lambda: standing.kv_free, "deepest_budget": lambda: standing.deepest_budget,
        "cached_tokens": lambda request: standing.cached_tokens,
        "dense_s": lambda prompt_tokens, output_tokens: DenseLatency(standing.first_s + 1e-5 * prompt_tokens, standing.token_s),
    }  # fmt: skip
    return SimpleNamespace(**facts, **made)


def _other(request: SimpleNamespace, index: int) -> SimpleNamespace:
    other = SimpleNamespace(**vars(request) | {"index": index, "tenant": index % 4, "generated_tokens": index % 90})
    other.view = RequestView(other)  # type: ignore[arg-type]
    return other


def _profiles() -> dict[str, ElasticProfile]:
    large, *others = map(find_model, MODELS)
    return {"large": find_profile("qwen3-4b-l2a", large), **dict(zip(POOLS[1:], map(static_profile, others), strict=True))}
