"""What a fleet learns of the spot market of each zone by asking and by losing."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cloudsim.cluster.node import Node
from cloudsim.contracts import ZoneRecord


@dataclass(slots=True)
class _Zone:
    grants: int = 0
    refusals: int = 0
    losses: int = 0
    past_s: float = 0.0  # held by instances that have left
    holding: dict[int, float] = field(default_factory=dict)  # when each present one was granted


class ZoneLog:
    """Counts grants, refusals, losses and held seconds by zone; on-demand instances are not its concern."""

    def __init__(self, zones: Iterable[str]) -> None:
        self._zones = {name: _Zone() for name in zones}

    def granted(self, node: Node) -> None:
        """The zone has granted a spot instance."""
        zone = self._zones[node.zone]
        zone.grants += 1
        zone.holding[node.index] = node.requested_s

    def refused(self, zone: str) -> None:
        """The zone has refused one."""
        self._zones[zone].refusals += 1

    def left(self, node: Node, now_s: float) -> None:
        """A spot instance has got notice, is given back or has ended."""
        zone = self._zones[node.zone]
        zone.past_s += now_s - zone.holding.pop(node.index)
        zone.losses += node.noticed

    def records(self, now_s: float) -> dict[str, ZoneRecord]:
        """What is known by now."""
        return {
            name: ZoneRecord(zone.grants, zone.refusals, zone.losses, zone.past_s + len(zone.holding) * now_s - sum(zone.holding.values()))
            for name, zone in self._zones.items()
        }
