"""One contender's instances: asks the market for them, replaces what is lost, and knows which replicas take requests."""

from collections.abc import Callable, Generator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from simpy.events import Event

from cloudsim.clock import Clock
from cloudsim.cluster.market import Market
from cloudsim.cluster.node import ColdStart, Node
from cloudsim.cluster.pool import Pool
from cloudsim.cluster.residency import Residences, Residency
from cloudsim.cluster.zone_log import ZoneLog
from cloudsim.config import RunConfig, TierConfig
from cloudsim.contracts import ClusterView, Launch, NodeView, ProvisioningPolicy, Terminate
from cloudsim.decision_log import DecisionLog
from cloudsim.models.elastic import Level
from cloudsim.policy_errors import PolicyErrors
from cloudsim.serving.caching import Caching
from cloudsim.serving.replica import Replica
from cloudsim.serving.request import Request
from cloudsim.serving.scheduling import Scheduling
from cloudsim.streams import stream
from cloudsim.views import FleetView, ReplicaView

MARKETS = ("spot", "on_demand")


class Fleet:
    """The nodes of a contender.

    The provisioning policy is asked at time 0, at each control interval, and whenever a node is hinted, noticed or lost. What it is to
    provide are the configured instances, or at each interval what `wanted` then says.

    Args:
        pools: by name, in the order of the configuration. residences: what of each one's model fits.
        finished: called with each completed request.
        scheduling: of all its replicas; None is FCFS.
        cache: of all its replicas; None keeps no KV.
        replica_ready, node_noticed, node_ended: what the gateway does at these moments. node_ready: what the hardware does.
        node_closed: what the meter does, when the replicas of a node that has ended are settled.
        would_be_right: whether a pool's model would answer a request rightly at a level; the gateway knows who answers.
        wanted: instances by pool as the scaling policy wants them, if there is one.

    Attributes:
        ready, ready_by_pool: replicas that take requests, in the order they became ready.
        ready_views, ready_views_by_pool: the same as policies see them; out of date while the first is empty.
        view: what policies on requests see of it.
    """

    def __init__(
        self, clock: Clock, config: RunConfig, pools: Mapping[str, Pool], residences: Mapping[str, Residences], market: Market,
        policy: ProvisioningPolicy, errors: PolicyErrors, log: DecisionLog, contender: str, replication: int,
        finished: Callable[[Request], None], scheduling: Scheduling | None = None, cache: Caching | None = None,
    ) -> None:  # fmt: skip
        self._clock, self._config, self._pools, self._market, self._policy = clock, config, pools, market, policy
        self._residences, self._errors, self._scheduling, self._cache = residences, errors, scheduling, cache
        self._ask = log.noting("provisioning", policy, policy.plan, lambda cluster: None)
        self._contender, self._replication, self._finished = contender, replication, finished
        self.replica_ready: Callable[[], None] = lambda: None
        self.node_noticed: Callable[[Node], None] = lambda node: None
        self.node_ended: Callable[[Node], None] = lambda node: None
        self.node_ready: Callable[[Node], None] = lambda node: None
        self.node_closed: Callable[[Node], None] = lambda node: None
        self.would_be_right: Callable[[Request, str, Level], bool] = lambda request, pool, level: False
        self.wanted: Callable[[ClusterView], Mapping[str, int]] | None = None
        self.nodes: list[Node] = []
        self.ready: list[Replica] = []
        self.ready_by_pool: dict[str, list[Replica]] = {name: [] for name in pools}
        self.ready_views: tuple[ReplicaView, ...] = ()
        self.ready_views_by_pool: Mapping[str, tuple[ReplicaView, ...]] = MappingProxyType(dict.fromkeys(pools, ()))
        self.view = FleetView(self)
        self.tiers: Sequence[TierConfig] = tuple(config.tiers.values())
        self.output_tokens_mean = 200.0  # until the first answers are known
        self._targets: Mapping[str, int] = {name: pool.instances for name, pool in pools.items()}
        self._living: dict[int, Node] = {}  # those that neither have notice nor drain
        self._zones = ZoneLog(market.zones)
        self._refused_s: dict[str, float] = {}
        self._replicas = 0
        self._asked = False

    @property
    def now_s(self) -> float:
        """Simulated time."""
        return self._clock.now

    def start(self) -> None:
        """Ask for the first instances and keep control from then on."""
        self._clock.process(self._control())

    def _control(self) -> Generator[Event, object, None]:
        while True:
            if self.wanted is not None:
                self._targets = self.wanted(self._view())
            self.plan()
            yield self._clock.timeout(self._config.fleet.control_interval_s)

    def _plan_soon(self) -> None:
        """Ask the policy once more at this time, after everything else that happens now."""
        if not self._asked:
            self._asked = True
            self._clock.process(self._plan_now())

    def _plan_now(self) -> Generator[Event, object, None]:
        yield self._clock.timeout(0)
        self._asked = False
        self.plan()

    def plan(self) -> None:
        """Ask the provisioning policy and do what it says, as far as it keeps its contract."""
        try:
            decisions: Any = self._ask(self._view())
        except Exception as error:
            self._broken("failed", error)
            return
        if not isinstance(decisions, Sequence) or isinstance(decisions, str):
            self._broken(f"gave {decisions!r}, not a list of decisions")
            return
        for decision in decisions:
            if isinstance(decision, Launch):
                self._launch(decision)
            elif isinstance(decision, Terminate):
                self._terminate(decision.node)
            else:
                self._broken(f"gave {decision!r}, neither Launch nor Terminate")

    def _broken(self, rule: str, error: Exception | None = None) -> None:
        self._errors.broken("provisioning", self._policy, rule, (), error)

    def _view(self) -> ClusterView:
        prices = {name: zone.price_usd_per_h for name, zone in self._market.zones.items()}
        first = next(iter(self._pools.values()))
        on_demand = first.instance.on_demand_usd_per_h / first.spot_ratio  # of fleet.instance, whose spot prices the market has
        nodes = [
            NodeView(
                node.index, node.pool, node.zone, node.market, node.ready, node.hinted_s == node.hinted_s,
                sum(replica.outstanding for replica in node.replicas), node.price_usd_per_h(),
            )
            for node in self._living.values()
        ]  # fmt: skip
        records = self._zones.records(self._clock.now)
        return ClusterView(self._clock.now, nodes, self._targets, list(prices), prices, dict(self._refused_s), on_demand, records)

    def _launch(self, launch: Launch) -> None:
        unknown = [zone for zone in launch.zones if zone not in self._market.zones]
        if launch.pool not in self._pools or launch.market not in MARKETS or unknown or not launch.zones:
            self._broken(f"asked for {launch!r}; pools: {', '.join(self._pools)}; zones: {', '.join(self._market.zones)}")
            return
        for zone in launch.zones:
            node = self._new_node(launch, zone)
            if launch.market == "on_demand" or self._market.grant(zone, node):
                self.nodes.append(node)
                self._living[node.index] = node
                if launch.market == "spot":
                    self._zones.granted(node)
                node.start(None if self._config.warm_start and self._clock.now == 0 else self._cold_start(node))
                return
            self._refused_s[zone] = self._clock.now
            self._zones.refused(zone)

    def _new_node(self, launch: Launch, zone: str) -> Node:
        pool = self._pools[launch.pool]
        spot, ratio = self._market.zones[zone], pool.spot_ratio
        on_demand = pool.instance.on_demand_usd_per_h / 3600
        hourly, on_spot = pool.instance.on_demand_usd_per_h, launch.market == "spot"
        price = (lambda from_s, to_s: spot.cost_usd(from_s, to_s) * ratio) if on_spot else lambda from_s, to_s: (to_s - from_s) * on_demand
        present = (lambda: spot.price_usd_per_h * ratio) if on_spot else lambda: hourly
        return Node(
            self._clock, len(self.nodes), pool.name, pool.model.name, pool.instance, zone, launch.market, price, present,
            self._make_replicas, self._on_ready, self._on_notice, self._on_hint, self._on_end,
        )  # fmt: skip

    def _cold_start(self, node: Node) -> ColdStart:
        startup, pool = self._config.startup, self._pools[node.pool]
        draw = stream(self._config.seed, self._replication, "startup", node.index).random()
        provision_s = startup.provision_min_s + draw * (startup.provision_max_s - startup.provision_min_s)
        replicas = node.instance.gpus // self._config.engine.gpus
        load_s = pool.memory.weights_bytes * replicas / startup.load_bytes_per_s
        return ColdStart(provision_s, startup.boot_s, load_s, startup.engine_start_s)

    def _make_replicas(self, node: Node) -> list[Replica]:
        whole = self._residences[node.pool].whole
        return [self._new_replica(node, whole) for _ in range(node.instance.gpus // self._config.engine.gpus)]

    def _new_replica(self, node: Node, has: Residency) -> Replica:
        pool, engine = self._pools[node.pool], self._config.engine
        self._replicas += 1
        return Replica(
            self._clock, has.latency, pool.profile, has.capacity, engine.block_tokens, engine.step_tokens, engine.max_sequences,
            self._finished, self._replicas - 1, pool.name, pool.model.name, node, has.gpus, has.level,
            self.tiers, self._scheduling, self._cache,
        )  # fmt: skip

    def _on_ready(self, node: Node) -> None:
        self.ready += node.replicas
        self.ready_by_pool[node.pool] += node.replicas
        self._changed()
        self.node_ready(node)
        self.replica_ready()

    def add_replica(self, node: Node, has: Residency) -> Replica:
        """An engine has started anew on a node that is ready."""
        replica = self._new_replica(node, has)
        node.replicas.append(replica)
        self.ready.append(replica)
        self.ready_by_pool[node.pool].append(replica)
        self._changed()
        self.replica_ready()
        return replica

    def remove_replica(self, replica: Replica) -> None:
        """An engine has crashed: it takes no request from now on."""
        node = replica.node
        self._take_out(replica)
        node.replicas.remove(replica)
        node.crashed.append(replica)
        self._plan_soon()

    def _on_hint(self, node: Node) -> None:
        self._plan_soon()

    def _withdraw(self, node: Node) -> None:
        if self._living.pop(node.index, None) is not None and node.market == "spot":
            self._zones.left(node, self._clock.now)
        for replica in node.replicas:
            self._take_out(replica)

    def _take_out(self, replica: Replica) -> None:
        if replica.accepting:
            replica.accepting = False
            self.ready.remove(replica)
            self.ready_by_pool[replica.pool].remove(replica)
            self._changed()

    def _changed(self) -> None:
        """The replicas that take requests have changed; what policies see of them is made anew when it is looked at."""
        self.ready_views = ()

    def show(self) -> tuple[ReplicaView, ...]:
        """Make `ready_views` and `ready_views_by_pool` what they are to be; returns the first."""
        self.ready_views = tuple(replica.view for replica in self.ready)
        self.ready_views_by_pool = MappingProxyType({name: tuple(one.view for one in pool) for name, pool in self.ready_by_pool.items()})
        return self.ready_views

    def _on_notice(self, node: Node) -> None:
        self._withdraw(node)
        self.node_noticed(node)
        self._plan_soon()

    def _terminate(self, index: int) -> None:
        if not 0 <= index < len(self.nodes):
            self._broken(f"terminates node {index}, which does not exist")
            return
        node = self.nodes[index]
        if node.ended or node.noticed or node.draining:
            self._broken(f"terminates node {index}, which is going already")
            return
        node.draining = True
        self._withdraw(node)
        self.end_if_drained(node)

    def end_if_drained(self, node: Node) -> None:
        """End a terminated node once it has no request left."""
        if node.draining and not node.ended and not any(replica.outstanding for replica in node.replicas):
            node.end("terminated")

    def _on_end(self, node: Node) -> None:
        self._withdraw(node)
        if node.market == "spot":
            self._market.give_back(node.zone, node)
        self.node_ended(node)
        self.node_closed(node)
        if node.end_reason == "reclaimed":
            self._plan_soon()

    def close(self) -> None:
        """End all nodes at the horizon."""
        for node in self.nodes:
            if not node.ended:
                node.end("horizon")
