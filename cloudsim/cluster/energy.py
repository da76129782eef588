"""What nodes draw from the grid, and the carbon dioxide that comes with it."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from simpy.events import Event

from cloudsim.clock import Clock
from cloudsim.cluster.fleet import Fleet
from cloudsim.cluster.node import Node
from cloudsim.cluster.pool import Pool
from cloudsim.config import RunConfig
from traces.grid import J_PER_KWH, GridSeries
from traces.sources import GridSource

READ_EVERY_S = 900.0
"""Energy between two readings is taken to be drawn evenly, as far as the grid's intensity is concerned."""


@dataclass(slots=True)
class EnergyMeter:
    """Reads every node now and then, and at its end.

    A GPU draws its idle power while the node is billed, and in steps what `PowerCurve` says for the sequences that decode; a prompt draws
    the nominal power. The data centre adds its share (`fleet.pue`). Hosts, disks and networks are not counted.

    Args:
        pools: by name, with the power of their GPUs.
        source: of the grids' intensities.
        regions: of each zone.
    """

    clock: Clock
    config: RunConfig
    fleet: Fleet
    pools: Mapping[str, Pool]
    source: GridSource
    regions: Mapping[str, str]
    _grids: dict[str, GridSeries] = field(default_factory=dict)

    def start(self) -> None:
        """Begin to read."""
        self.clock.process(self._read_all())

    def _read_all(self) -> Generator[Event, object, None]:
        while True:
            yield self.clock.timeout(READ_EVERY_S)
            for node in self.fleet.nodes:
                if not node.ended:
                    self.read(node)

    def read(self, node: Node) -> None:
        """Read one node; to be called when it has ended and its replicas are settled, too."""
        if node.billed_from_s != node.billed_from_s:
            return
        now_s, power = self.clock.now, self.pools[node.pool].power
        busy_gpu_s = energy_j = 0.0
        for replica in (*node.replicas, *node.crashed):
            busy_s = replica.busy_until_now_s()
            decode_s = decode_j = 0.0
            for sequences, seconds in enumerate(replica.decode_s):
                if seconds:
                    decode_s += seconds
                    decode_j += seconds * power.decoding_w(sequences)
            busy_gpu_s += busy_s * replica.gpus
            energy_j += (decode_j + max(0.0, busy_s - decode_s) * power.nominal_w) * replica.gpus
        idle_gpu_s = max(0.0, (now_s - node.billed_from_s) * node.instance.gpus - busy_gpu_s)
        total_j = (energy_j + idle_gpu_s * power.idle_w) * self.config.fleet.pue
        from_s = node.read_s if node.read_s == node.read_s else node.billed_from_s
        drawn_j = max(0.0, total_j - node.energy_j)
        node.carbon_g += drawn_j / J_PER_KWH * self._grid(node.zone).mean(from_s, now_s)
        node.energy_j, node.read_s = node.energy_j + drawn_j, now_s
        node.step_w = energy_j * self.config.fleet.pue / busy_gpu_s if busy_gpu_s else 0.0

    def _grid(self, zone: str) -> GridSeries:
        region = self.regions[zone]
        if region not in self._grids:
            self._grids[region] = self.source.grid(region, self.config.horizon_s).check()
        return self._grids[region]
