"""One rented instance, from the request that was granted to its end."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

from simpy.events import Event

from cloudsim.cluster.instances import Instance

if TYPE_CHECKING:
    from cloudsim.clock import Clock
    from cloudsim.serving.replica import Replica


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Seconds of each phase between a grant and the first request."""

    provision_s: float
    boot_s: float
    load_s: float
    engine_s: float

    @property
    def billed_s(self) -> float:
        """The phases that are billed: all but the wait for the machine."""
        return self.boot_s + self.load_s + self.engine_s


@dataclass(slots=True)
class Restart:
    """An engine that started anew after a crash. Args: until_s: infinite while it is under way. gpus: that it uses."""

    from_s: float
    until_s: float
    gpus: int


class Node:
    """An instance and the replicas on it.

    granted → (provisioning) → billed → (boot, model load, engine start) → ready → [hint] → [notice] → ended. A spot node may get notice in
    any phase; one that is not ready yet gives up at once. A node that the fleet terminates drains first. While it is ready its replicas may
    crash and start anew.

    Args:
        price_usd: cost of the instance over an interval (from_s, to_s).
        price_usd_per_h: its present price.
        replicas: made when it becomes ready.
        on_ready, on_notice, on_end: what the fleet does at these moments.
    """

    def __init__(
        self, clock: "Clock", index: int, pool: str, model: str, instance: Instance, zone: str, market: str,
        price_usd: Callable[[float, float], float], price_usd_per_h: Callable[[], float],
        make_replicas: Callable[["Node"], list["Replica"]], on_ready: Callable[["Node"], None], on_notice: Callable[["Node"], None],
        on_hint: Callable[["Node"], None], on_end: Callable[["Node"], None],
    ) -> None:  # fmt: skip
        self.index, self.pool, self.model, self.instance, self.zone, self.market = index, pool, model, instance, zone, market
        self._clock, self.price_usd, self.price_usd_per_h, self._make_replicas = clock, price_usd, price_usd_per_h, make_replicas
        self._on_ready, self._on_notice, self._on_hint, self._on_end = on_ready, on_notice, on_hint, on_end
        self.requested_s = clock.now
        self.billed_from_s = self.ready_s = self.hinted_s = self.noticed_s = self.ended_s = nan
        self.reclaim_at_s = nan
        self.end_reason = ""
        self.replicas: list[Replica] = []
        self.crashed: list[Replica] = []
        self.restarts: list[Restart] = []
        self.draining = False
        self.read_s = nan  # when its meter was last read
        self.energy_j = self.carbon_g = 0.0
        self.step_w = 0.0  # mean power of one of its GPUs in steps
        self.transfer_usd = 0.0  # for KV that it sent to other zones
        self.network_free_s = 0.0  # when its last outgoing KV transfer ends

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self.end_reason != ""

    @property
    def ready(self) -> bool:
        """Whether it takes requests."""
        return bool(self.replicas) and not (self.ended or self.noticed or self.draining)

    @property
    def noticed(self) -> bool:
        """Whether it has been given notice."""
        return self.noticed_s == self.noticed_s

    def start(self, cold: ColdStart | None) -> None:
        """Go through the cold start, or be ready at once if there is none."""
        if cold is None:
            self.billed_from_s = self._clock.now
            self._become_ready()
        else:
            self._clock.process(self._start(cold))

    def _start(self, cold: ColdStart) -> Generator[Event, object, None]:
        yield self._clock.timeout(cold.provision_s)
        if self.ended:
            return
        self.billed_from_s = self._clock.now
        yield self._clock.timeout(cold.billed_s)
        if not self.ended:
            self._become_ready()

    def _become_ready(self) -> None:
        self.ready_s = self._clock.now
        self.replicas = self._make_replicas(self)
        self._on_ready(self)

    def hint(self) -> None:
        """A rebalance recommendation: the market may take it back soon."""
        if not self.ended and self.hinted_s != self.hinted_s:
            self.hinted_s = self._clock.now
            self._on_hint(self)

    def notice(self, reclaim_at_s: float) -> None:
        """The market will take it back at `reclaim_at_s`."""
        if self.ended or self.noticed:
            return
        self.noticed_s, self.reclaim_at_s = self._clock.now, reclaim_at_s
        if self.ready_s == self.ready_s:
            self._on_notice(self)
        else:
            self.end("reclaimed")

    def reclaim(self) -> None:
        """The market has taken it back."""
        if not self.ended:
            self.end("reclaimed")

    def end(self, reason: str) -> None:
        """Stop for good: reclaimed, terminated or at the horizon."""
        self.ended_s, self.end_reason = self._clock.now, reason
        self._on_end(self)

    def spent_usd(self) -> float:
        """The bill so far."""
        until = self.ended_s if self.ended else self._clock.now
        return self.price_usd(self.billed_from_s, until) + self.transfer_usd if self.billed_from_s == self.billed_from_s else 0.0
