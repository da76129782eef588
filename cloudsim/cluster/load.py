"""What the pools of a fleet have to do, measured from one control interval to the next; made only for a scaling policy."""

from dataclasses import dataclass
from math import nan

from cloudsim.clock import Clock
from cloudsim.cluster.fleet import Fleet
from cloudsim.cluster.node import Node
from cloudsim.config import RunConfig
from cloudsim.contracts import LoadView, PoolLoad
from cloudsim.serving.client_times import client_times
from cloudsim.serving.gateway import Gateway
from cloudsim.serving.replica import Replica
from cloudsim.serving.request import Request


@dataclass(slots=True)
class _Count:
    completed: int = 0  # in this interval
    met_sla: int = 0
    completed_ever: int = 0
    busy_ever_s: float = 0.0  # of instances


class LoadMeter:
    """Stands between the clock, the fleet and the gateway, and counts what passes."""

    def __init__(self, clock: Clock, config: RunConfig, fleet: Fleet, gateway: Gateway) -> None:
        self._clock, self._config, self._fleet, self._gateway = clock, config, fleet, gateway
        self._interval_s = config.fleet.control_interval_s
        self._arrived = 0
        self._arrivals_rps: list[float] = []
        self._counts = {pool: _Count() for pool in fleet.ready_by_pool}
        self._nodes: list[Node] = []  # those that had not ended at the last reading
        self._known = 0
        self._busy_gpu_s: dict[int, float] = {}  # by node, at the last reading
        self._read_s = 0.0

    def arrive(self, request: Request) -> None:
        """A request comes in: on to the gateway."""
        self._arrived += 1
        self._gateway.arrive(request)

    def finished(self, request: Request) -> None:
        """A replica has completed a request: on to the gateway."""
        assert request.replica is not None, "a replica completed it"
        count = self._counts[request.replica.pool]
        count.completed += 1
        count.met_sla += client_times(request, True, self._clock.now, self._config.engine, self._fleet.tiers).met_sla
        self._gateway.finished(request)

    def read(self) -> LoadView:
        """The load since the last reading; a new interval begins."""
        now_s = self._clock.now
        if now_s > self._read_s:
            self._arrivals_rps.append(self._arrived / (now_s - self._read_s))
            self._arrived = 0
        utilisation = self._utilisation(now_s)
        pools = {}
        for name, count in self._counts.items():
            count.completed_ever += count.completed
            replicas = self._fleet.ready_by_pool[name]
            pools[name] = PoolLoad(
                len({replica.node_index for replica in replicas}),
                sum(replica.outstanding for replica in replicas),
                sum(replica.queued_tokens for replica in replicas),
                utilisation[name],
                count.completed,
                count.met_sla,
                count.busy_ever_s / count.completed_ever if count.completed_ever else nan,
            )
            count.completed = count.met_sla = 0
        self._read_s = now_s
        return LoadView(now_s, self._interval_s, pools, len(self._gateway.pending), tuple(self._arrivals_rps))

    def _utilisation(self, now_s: float) -> dict[str, float]:
        self._nodes += self._fleet.nodes[self._known :]
        self._known = len(self._fleet.nodes)
        busy, there = dict.fromkeys(self._counts, 0.0), dict.fromkeys(self._counts, 0.0)
        for node in self._nodes:
            if node.ready_s != node.ready_s:
                continue
            until_s = node.ended_s if node.ended else now_s
            there[node.pool] += (until_s - max(node.ready_s, self._read_s)) * node.instance.gpus
            busy_gpu_s = sum(_busy_s(replica, now_s) * replica.gpus for replica in (*node.replicas, *node.crashed))
            spent = max(0.0, busy_gpu_s - self._busy_gpu_s.get(node.index, 0.0))
            self._busy_gpu_s[node.index] = busy_gpu_s
            busy[node.pool] += spent
            self._counts[node.pool].busy_ever_s += spent / node.instance.gpus
        for node in self._nodes:
            if node.ended:
                self._busy_gpu_s.pop(node.index, None)
        self._nodes = [node for node in self._nodes if not node.ended]
        return {pool: min(1.0, busy[pool] / there[pool]) if there[pool] > 0 else 0.0 for pool in self._counts}


def _busy_s(replica: Replica, now_s: float) -> float:
    """Seconds in steps until now, the run under way included."""
    settled_s = replica.busy_until_now_s()
    return settled_s + (now_s - replica.run_began_s if replica.busy else 0.0)
