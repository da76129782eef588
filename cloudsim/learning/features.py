"""What learned policies see: numbers in [0, 1], worked out by the same code where they are trained and where they run."""

from collections import deque
from collections.abc import Sequence
from math import cos, pi, sin
from typing import NamedTuple

from cloudsim.contracts import ClusterView, FleetView, LoadView, ReplicaView, RequestView, Served
from cloudsim.estimators.attainment import Attainment

DAY_S = 86_400.0
ATTAINMENT_WINDOW_S, ARRIVALS_WINDOW_S = 120.0, 15.0


class Feature(NamedTuple):
    """One number.

    Args:
        name: of it.
        unit: of the value x before it is brought into [0, 1]; empty for shares.
        half: in that unit; the number is x/(x + half), so that no x is out of range. 0 where the number is x itself.
    """

    name: str
    unit: str = ""
    half: float = 0.0


REQUEST = (Feature("difficulty_seen"), Feature("prompt_tokens", "tokens", 1024.0), Feature("waited_s", "s", 2.0))
"""After one number for each tier, of which that of the request's tier is 1. The prompt includes what a lost replica had written."""

REPLICA = (
    Feature("outstanding", "requests", 32.0), Feature("queued_tokens", "tokens", 2048.0), Feature("decoding", "sequences", 32.0),
    Feature("kv_free"), Feature("deepest_budget"), Feature("first_s", "s", 1.0), Feature("token_s", "s", 0.03), Feature("spot"),
    Feature("price_usd_per_h", "US dollars an hour", 2.0),
)  # fmt: skip
"""`first_s` and `token_s` are what the full model would need for the request there (`ReplicaView.dense_s`)."""

FLEET = (
    Feature("output_tokens_mean", "tokens", 200.0), Feature("arrivals_rps", "requests a second", 10.0),
    Feature("day_sin"), Feature("day_cos"),
)  # fmt: skip
"""Before the SLA attainment of each tier over the last two minutes. The hour of day is a point on a circle, (1 + sin)/2 and (1 + cos)/2."""

POOL = (
    Feature("ready", "instances", 4.0), Feature("wanted", "instances", 4.0), Feature("coming", "instances", 4.0),
    Feature("outstanding", "requests", 64.0), Feature("queued_tokens", "tokens", 8192.0), Feature("utilisation"),
    Feature("completed", "requests", 64.0), Feature("attainment"),
)  # fmt: skip
"""Of the last control interval, as `PoolLoad` has it; `coming` instances start."""

LOAD = (
    Feature("pending", "requests", 32.0), Feature("arrivals_rps", "requests a second", 10.0),
    Feature("arrivals_before_rps", "requests a second", 10.0), Feature("spot_price_usd_per_h", "US dollars an hour", 2.0),
    Feature("day_sin"), Feature("day_cos"),
)  # fmt: skip
"""Of the fleet, for scaling: arrivals of the last two control intervals, and the mean spot price of the zones."""


class RequestFeatures:
    """The numbers of a request, of a replica for it, and of the fleet.

    It has to be told of each request once when it comes (`arrived`) and once when it ends (`learn`).

    Args:
        tiers: places for tiers; requests of further tiers share the last one.
    """

    observes = (
        "fleet.now_s", "fleet.output_tokens_mean", "replica.decoding", "replica.deepest_budget", "replica.dense_s", "replica.kv_free",
        "replica.market", "replica.outstanding", "replica.price_usd_per_h", "replica.queued_tokens", "request.arrival_s",
        "request.difficulty_seen", "request.escalations", "request.generated_tokens", "request.input_tokens", "request.retries",
        "request.tier", "served.at_s", "served.met_sla", "served.request",
    )  # fmt: skip

    def __init__(self, tiers: int) -> None:
        self._tiers = tiers
        self._attainment = Attainment(ATTAINMENT_WINDOW_S)
        self._arrived: deque[float] = deque()

    def tier(self, request: RequestView) -> int:
        """The place of a request's tier."""
        return min(request.tier, self._tiers - 1)

    def arrived(self, request: RequestView, fleet: FleetView) -> None:
        """A request is dispatched; it counts as an arrival the first time."""
        now_s, arrived = fleet.now_s, self._arrived
        if not (request.retries or request.escalations):
            arrived.append(now_s)
        while arrived and arrived[0] <= now_s - ARRIVALS_WINDOW_S:
            arrived.popleft()

    def learn(self, served: Served) -> None:
        """A request has ended."""
        self._attainment.note(served.at_s, self.tier(served.request), served.met_sla)

    def request(self, request: RequestView, fleet: FleetView) -> list[float]:
        """The tier, then `REQUEST`."""
        place = [0.0] * self._tiers
        place[self.tier(request)] = 1.0
        tokens, waited_s = request.input_tokens + request.generated_tokens, fleet.now_s - request.arrival_s
        return [*place, request.difficulty_seen, tokens / (tokens + 1024.0), waited_s / (waited_s + 2.0)]

    def replica(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> list[float]:
        """`REPLICA`."""
        outstanding, queued, decoding, price = replica.outstanding, replica.queued_tokens, replica.decoding, replica.price_usd_per_h
        first_s, token_s = replica.dense_s(request.input_tokens + request.generated_tokens, fleet.output_tokens_mean)
        return [
            outstanding / (outstanding + 32.0), queued / (queued + 2048.0), decoding / (decoding + 32.0), replica.kv_free(),
            replica.deepest_budget, first_s / (first_s + 1.0), token_s / (token_s + 0.03), float(replica.market == "spot"),
            price / (price + 2.0),
        ]  # fmt: skip

    def fleet(self, fleet: FleetView) -> list[float]:
        """`FLEET`, then the attainment of each tier, 1 where nothing ended."""
        now_s, mean = fleet.now_s, fleet.output_tokens_mean
        rate = len(self._arrived) / min(ARRIVALS_WINDOW_S, max(now_s, 1.0))
        kept = []
        for tier in range(self._tiers):
            met, count = self._attainment.estimate(now_s, tier)
            kept.append(met / count if count else 1.0)
        return [mean / (mean + 200.0), rate / (rate + 10.0), *_day(now_s), *kept]


def pool_features(load: LoadView, cluster: ClusterView) -> list[list[float]]:
    """`POOL` for each pool, in the order of the configuration."""
    rows = []
    for name, pool in load.pools.items():
        coming = sum(node.pool == name and not node.ready for node in cluster.nodes)
        kept = pool.met_sla / pool.completed if pool.completed else 1.0
        counts = (pool.ready, cluster.targets[name], coming, pool.outstanding, pool.queued_tokens)
        rows.append([*_filled(POOL[:5], counts), pool.utilisation, *_filled(POOL[6:7], (pool.completed,)), kept])
    return rows


def load_features(load: LoadView, cluster: ClusterView) -> list[float]:
    """`LOAD`."""
    last, before = (0.0, 0.0, *load.arrivals_rps)[:-3:-1]
    price = sum(cluster.spot_price_usd_per_h.values()) / max(1, len(cluster.spot_price_usd_per_h))
    return [*_filled(LOAD[:4], (load.pending, last, before, price)), *_day(load.now_s)]


def _filled(features: Sequence[Feature], values: Sequence[float]) -> list[float]:
    return [value / (value + feature.half) for feature, value in zip(features, values, strict=True)]


def _day(now_s: float) -> tuple[float, float]:
    angle = 2 * pi * now_s / DAY_S
    return 0.5 + 0.5 * sin(angle), 0.5 + 0.5 * cos(angle)
