"""Small stand-ins for what a policy sees (`cloudsim.contracts`)."""

from dataclasses import dataclass, field

from cloudsim.config import TierConfig
from cloudsim.contracts import AnswerView, ClusterView, DenseLatency, NodeView, Served

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
    escalations: int = 0


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

    def dense_s(self, prompt_tokens, output_tokens):
        return DenseLatency(self.first_s, self.token_s)

    def kv_free(self):
        return self.free


@dataclass
class Fleet:
    ready_by_pool: dict = field(default_factory=dict)
    now_s: float = 0.0
    tiers: tuple = TIERS
    output_tokens_mean: float = 200.0

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


def cluster(targets, nodes=(), prices=None, now_s=100.0, refused_s=None):
    """Nodes are (pool, zone, market) or (pool, zone, market, ready, hinted)."""
    prices = prices or {"a": 1.0, "b": 1.0, "c": 1.0}
    views = [NodeView(index, *(*node, True, False)[: max(5, len(node))]) for index, node in enumerate(nodes)]
    return ClusterView(now_s, views, targets, list(prices), prices, refused_s or {})


def answer(confidence=0.5, agreement=1.0, pool="small", attempt=0, samples=1):
    """A finished answer."""
    return AnswerView(confidence, agreement, pool, pool, 200, attempt, samples)


def served(request, replica, right=True, gpu_s=1.0, completed=True):
    """How a request ended."""
    return Served(request, replica, completed, 0.5, 0.02, 4.0, completed, 1.0, gpu_s, right)
