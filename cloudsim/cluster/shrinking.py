"""Nodes that shrink while they serve: a co-tenant takes memory, a GPU of a tensor-parallel group is lost, and both come back."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from math import inf

from simpy.events import Event

from cloudsim.clock import Clock
from cloudsim.cluster.fleet import Fleet
from cloudsim.cluster.node import Node, Restart
from cloudsim.cluster.residency import Residences, Residency
from cloudsim.config import RunConfig
from cloudsim.serving.replica import Replica
from cloudsim.streams import stream
from traces.hardware import HardwareSeries
from traces.sources import HardwareSource

CHANGES = ("shrunk", "grown", "reloading", "crashed", "restarting", "restarted")


@dataclass(slots=True)
class Place:
    """Where a replica is on its node.

    Args:
        number: of the place on the node. gpus: the first of its GPUs, and the one after the last.
        residency: what it has, or will have when the change under way is over; None while nothing fits.
        replica: None from a crash until the restart is over.
        change: number of the latest change; one that comes to its end later and finds another number has been overtaken.
        restart: the one under way.
    """

    number: int
    gpus: tuple[int, int]
    residency: Residency | None
    replica: Replica | None
    change: int = 0
    restart: Restart | None = None


@dataclass(slots=True)
class Shrinking:
    """Lets hardware change under the nodes of one contender, and decides what each replica does about it.

    Memory that goes away is taken from the KV cache at the next step boundary: the engine then preempts its youngest requests. What
    `Residences` finds no room for is not kept: an elastic model goes down to a leaner level, whose layers stay, and its richer requests are
    computed anew at that level (gates decide while a prompt is read). Layers come back from host memory at `engine.reload_bytes_per_s`
    while the leaner level serves on. Where nothing fits, or the number of GPUs of the group changes, the engine crashes: its requests go
    back to the gateway, and it starts anew, with weights from disk, as soon as something fits. Nodes under notice are left alone.

    Args:
        source: of the changes; each node has a series of its own, the same in every contender.
        residences: of each pool.
        shrunk: what the gateway does when a replica has a leaner richest level than before, at a step boundary.
        crashed: what it does with the requests of a replica that is gone.

    Attributes:
        rows: what happened, in the order of the columns of `changes.parquet`.
    """

    clock: Clock
    config: RunConfig
    fleet: Fleet
    source: HardwareSource
    residences: Mapping[str, Residences]
    replication: int
    shrunk: Callable[[Replica], None]
    crashed: Callable[[Replica], None]
    rows: list[tuple[float, int, int, str, int, float, float, int, float]] = field(default_factory=list)

    def watch(self, node: Node) -> None:
        """A node has become ready: follow its hardware from now on."""
        draws = stream(self.config.seed, self.replication, "hardware", node.index)
        series = self.source.hardware(self.config.horizon_s, node.instance.gpus, draws)
        if series is None:
            return
        series.check()
        each, whole = self.config.engine.gpus, self.residences[node.pool].whole
        places = [Place(at, (at * each, (at + 1) * each), whole, replica) for at, replica in enumerate(node.replicas)]
        row = series.row_at(self.clock.now)
        self._apply(node, places, series, row)
        if row + 1 < len(series.time_s):
            self.clock.process(self._replay(node, places, series, row + 1))

    def _replay(self, node: Node, places: list[Place], series: HardwareSeries, row: int) -> Generator[Event, object, None]:
        for at in range(row, len(series.time_s)):
            yield self.clock.timeout(float(series.time_s[at]) - self.clock.now)
            if not _stays(node):
                return
            self._apply(node, places, series, at)

    def _apply(self, node: Node, places: list[Place], series: HardwareSeries, row: int) -> None:
        for place in places:
            first, after = place.gpus
            taken = series.taken_share[row, first:after].tolist()
            wanted = self.residences[node.pool].find(taken)
            if wanted == place.residency:
                continue
            place.change += 1
            self._change(node, place, wanted, max(taken))

    def _change(self, node: Node, place: Place, wanted: Residency | None, taken: float) -> None:
        had, place.residency = place.residency, wanted
        if place.replica is None:
            self._stop_restart(place)
        elif wanted is None or had is None or wanted.gpus != had.gpus:
            replica, place.replica = place.replica, None
            self._note(node, place, "crashed", wanted, taken)
            self.fleet.remove_replica(replica)
            self.crashed(replica)
        else:
            self._resize(node, place, place.replica, wanted, taken)
            return
        if wanted is not None:
            self.clock.process(self._restart(node, place, wanted, taken, place.change))

    def _resize(self, node: Node, place: Place, replica: Replica, wanted: Residency, taken: float) -> None:
        """Memory changes under a running engine."""
        richer = wanted.level.index < replica.ceiling.index
        leaner = wanted.level.index > replica.ceiling.index
        less = leaner or wanted.capacity < replica.capacity
        ceiling = replica.ceiling if richer else wanted.level  # a richer level serves once its layers are there; their room is kept free

        def take() -> None:
            replica.resize(wanted.capacity, ceiling)
            if less:
                self.shrunk(replica)

        replica.at_boundary(take)
        self._note(node, place, "shrunk" if less else "grown", wanted, taken)
        if richer:
            self.clock.process(self._reload(node, place, replica, wanted, taken, place.change))

    def _reload(
        self, node: Node, place: Place, replica: Replica, wanted: Residency, taken: float, change: int
    ) -> Generator[Event, object, None]:
        """Layers come back over the bus while the leaner level serves on."""
        resident = self.residences[node.pool].weights_bytes(replica.ceiling)
        seconds = (wanted.weights_bytes - resident) / self.config.engine.reload_bytes_per_s
        self._note(node, place, "reloading", wanted, taken, seconds)
        yield self.clock.timeout(seconds)
        if place.change == change and _stays(node):
            replica.at_boundary(lambda: replica.resize(wanted.capacity, wanted.level))
            self._note(node, place, "grown", wanted, taken)

    def _restart(self, node: Node, place: Place, wanted: Residency, taken: float, change: int) -> Generator[Event, object, None]:
        """Start the engine anew on what is there."""
        startup = self.config.startup
        seconds = wanted.weights_bytes / startup.load_bytes_per_s + startup.engine_start_s
        place.restart = Restart(self.clock.now, inf, wanted.gpus)
        node.restarts.append(place.restart)
        self._note(node, place, "restarting", wanted, taken, seconds)
        yield self.clock.timeout(seconds)
        if place.change != change:
            return
        self._stop_restart(place)
        if _stays(node):
            place.replica = self.fleet.add_replica(node, wanted)
            self._note(node, place, "restarted", wanted, taken)

    def _stop_restart(self, place: Place) -> None:
        if place.restart is not None:
            place.restart.until_s, place.restart = self.clock.now, None

    def _note(self, node: Node, place: Place, what: str, now: Residency | None, taken: float, seconds: float = 0.0) -> None:
        tokens = 0 if now is None else now.capacity // now.level.units * self.config.engine.block_tokens
        gpus, depth = (0, 0.0) if now is None else (now.gpus, now.level.depth)
        self.rows.append((self.clock.now, node.index, place.number, what, gpus, taken, depth, tokens, seconds))


def _stays(node: Node) -> bool:
    return not (node.ended or node.noticed or node.draining)
