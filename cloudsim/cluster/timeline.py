"""The state of a fleet at regular times."""

from collections.abc import Callable, Generator
from math import nan

from simpy.events import Event

from cloudsim.clock import Clock
from cloudsim.cluster.fleet import Fleet
from cloudsim.cluster.market import Market
from cloudsim.cluster.node import Node
from cloudsim.config import RunConfig
from cloudsim.serving.gateway import Gateway

FIELDS = (
    "time_s",
    "pending",
    "waiting",
    "running",
    "kv_used",
    "starting",
    "ready",
    "noticed",
    "resident",
    "spot_price_usd_per_h",
    "spent_usd",
)


class Timeline:
    """Samples the fleet at the end of each interval, and tells how far the run has come."""

    def __init__(
        self, clock: Clock, config: RunConfig, fleet: Fleet, gateway: Gateway, market: Market, progress: Callable[[float], None] | None
    ) -> None:
        self._clock, self._fleet, self._gateway, self._market, self._progress = clock, fleet, gateway, market, progress
        self._gpus = config.engine.gpus
        self._interval_s, self._horizon_s = config.timeline_interval_s, config.horizon_s
        self.rows: list[tuple[float, ...]] = []

    def start(self) -> None:
        """Begin to sample."""
        self._clock.process(self._sample())

    def _sample(self) -> Generator[Event, object, None]:
        sampled = 0
        while True:
            sampled += 1
            time_s = sampled * self._interval_s
            if time_s >= self._horizon_s:
                return
            yield self._clock.timeout(time_s - self._clock.now)
            self._take()
            if self._progress:
                self._progress(self._clock.now / self._horizon_s)

    def _take(self) -> None:
        fleet = self._fleet
        living = [node for node in fleet.nodes if not node.ended]
        replicas = [replica for node in living for replica in node.replicas]
        for replica in replicas:
            replica.catch_up()
        prices = [zone.price_usd_per_h for zone in self._market.zones.values()]
        kv_used = 1.0 - sum(replica.kv_free() for replica in fleet.ready) / len(fleet.ready) if fleet.ready else nan
        self.rows.append((
            self._clock.now,
            len(self._gateway.pending) + len(self._gateway.moving),
            sum(len(replica.waiting) for replica in replicas),
            sum(len(replica.running) for replica in replicas),
            kv_used,
            sum(node.ready_s != node.ready_s for node in living),
            sum(node.ready for node in living),
            sum(node.noticed for node in living),
            self._resident(living),
            sum(prices) / len(prices),
            sum(node.spent_usd() for node in fleet.nodes),
        ))  # fmt: skip

    def _resident(self, living: list[Node]) -> float:
        ready = [node for node in living if node.ready_s == node.ready_s]
        places = sum(node.instance.gpus // self._gpus for node in ready)
        return sum(replica.ceiling.depth for node in ready for replica in node.replicas) / places if places else nan
