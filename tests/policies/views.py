"""Small stand-ins for what a policy sees (`cloudsim.contracts`)."""

from dataclasses import dataclass, field

from cloudsim.config import TierConfig
from cloudsim.contracts import AnswerView, ClusterView, DenseLatency, LoadView, NodeView, PoolLoad, Served, ZoneRecord
from cloudsim.models.elastic import ElasticProfile, find_profile
from cloudsim.models.spec import find_model

PROFILE = find_profile("qwen3-4b-l2a", find_model("qwen3-4b"))
TIERS = (
    TierConfig(share=0.2, ttft_s=1.0, tpot_s=0.03, e2e_s=15.0),
    TierConfig(share=0.5, ttft_s=2.0, tpot_s=0.05, e2e_s=30.0),
    TierConfig(share=0.3, ttft_s=5.0, tpot_s=0.1, e2e_s=60.0),
)


@dataclass
class Request:
    index: int = 0
    arrival_s: float = 0.0
    input_tokens: int = 500
    generated_tokens: int = 0
    tier: int = 1
    difficulty_seen: float = 0.5
    retries: int = 0
    output_tokens_seen: int = 200
    tenant: int = 0
    escalations: int = 0
    full_output_tokens: int = 200
    reasoning_tokens: int = 100
    conversation: int = -1
    turn: int = 0


@dataclass
class Replica:
    """`first_s` and `token_s` are what a full model would need."""

    index: int = 0
    pool: str = "large"
    model: str = "m"
    outstanding: int = 0
    queued_tokens: int = 0
    first_s: float = 0.1
    token_s: float = 0.01
    free: float = 1.0
    decoding: int = 0
    zone: str = "us-east-1a"
    market: str = "spot"
    hinted: bool = False
    price_usd_per_h: float = 1.0
    deepest_budget: float = 0.0
    profile: ElasticProfile = PROFILE
    now_s: float = 0.0
    tiers: tuple = TIERS
    waiting: list = field(default_factory=list)
    running: list = field(default_factory=list)
    cached: int = 0

    def dense_s(self, prompt_tokens, output_tokens):
        return DenseLatency(self.first_s, self.token_s)

    def cached_tokens(self, request):
        return self.cached

    def kv_free(self):
        return self.free


@dataclass
class Fleet:
    ready_by_pool: dict = field(default_factory=dict)
    now_s: float = 0.0
    tiers: tuple = TIERS
    output_tokens_mean: float = 200.0
    right: tuple = ()  # indices of the levels at which answers would be right

    def would_be_right(self, request, replica, level):
        return level.index in self.right

    @property
    def ready(self):
        return [replica for pool in self.ready_by_pool.values() for replica in pool]


def fleet(*outstanding, **pools):
    """A fleet with one pool whose replicas have so many requests, or with named pools of them."""
    rows = pools or {"large": outstanding}
    made, index = {}, 0
    for name, counts in rows.items():
        made[name] = []
        for count in counts:
            made[name].append(Replica(index, name, name, count))
            index += 1
    return Fleet(made)


def served(request, replica=None, met=True, right=True, completed=True, budget=1.0, at_s=0.0, gpu_s=1.0):
    """How a request ended: in time or not, right or not."""
    e2e_s = 1.0 if completed else float("nan")
    return Served(request, replica, completed, 0.1, 0.01, e2e_s, met and completed, budget, gpu_s, right and completed, at_s)


def cluster(targets, nodes=(), prices=None, now_s=100.0, refused_s=None, records=None, on_demand=3.0):
    """Nodes are (pool, zone, market) and may go on with ready, hinted, outstanding; records are as in `ZoneRecord`, by zone."""
    prices = prices or {"a": 1.0, "b": 1.0, "c": 1.0}
    filled = [(*node, *(True, False, 0)[len(node) - 3 :]) for node in nodes]
    views = [NodeView(index, *node, prices[node[1]] if node[2] == "spot" else on_demand) for index, node in enumerate(filled)]
    seen = {zone: ZoneRecord(*(records or {}).get(zone, (0, 0, 0, 0.0))) for zone in prices}
    return ClusterView(now_s, views, targets, list(prices), prices, refused_s or {}, on_demand, seen)


def load(now_s=15.0, arrivals_rps=(1.0,), pending=0, interval_s=15.0, **pools):
    """Pools by name: what of `PoolLoad` is not 0, of two instances that are ready."""
    plain = {"ready": 2, "outstanding": 0, "queued_tokens": 0, "utilisation": 0.0, "completed": 0, "met_sla": 0, "request_s": 0.5}
    return LoadView(now_s, interval_s, {name: PoolLoad(**plain | seen) for name, seen in pools.items()}, pending, tuple(arrivals_rps))


def answer(confidence=0.5, agreement=1.0, pool="small", attempt=0, samples=1):
    """A finished answer."""
    return AnswerView(confidence, agreement, pool, pool, 200, attempt, samples)
