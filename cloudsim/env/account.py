"""What has happened in a run since it was last asked."""

from cloudsim.cluster.fleet import Fleet
from cloudsim.cluster.node import Node
from cloudsim.contracts import Served
from cloudsim.learning.reward import Ended, whole_run
from cloudsim.simulation import RunTables


class Account:
    """Counts requests that end, and reads the bill; what it gave over a whole run is what the run's tables say."""

    def __init__(self) -> None:
        self._met = self._right = self._missed = 0  # since the last reading
        self._given = Ended(0, 0, 0, 0.0)
        self._fleet: Fleet | None = None
        self._open: list[Node] = []  # nodes that had not ended at the last reading
        self._known = 0
        self._settled_usd = 0.0

    @property
    def now_s(self) -> float:
        """Simulated time."""
        return self._fleet.now_s if self._fleet is not None else 0.0

    def begin(self, fleet: Fleet) -> None:
        """The run begins."""
        self._fleet = fleet

    def ended(self, served: Served, right: bool) -> None:
        """A request has ended."""
        self._met += served.met_sla
        self._right += served.met_sla and right
        self._missed += not served.met_sla

    def read(self) -> Ended:
        """Since the last reading."""
        spent = Ended(self._met, self._right, self._missed, self._spent_usd() - self._given.cost_usd)
        self._met = self._right = self._missed = 0
        return self._give(spent)

    def settle(self, tables: RunTables) -> Ended:
        """Since the last reading, at the end of the run: its tables less what was given, so that unfinished requests count too."""
        return self._give(whole_run(tables).less(self._given))

    def _give(self, ended: Ended) -> Ended:
        self._given = self._given.plus(ended)
        return ended

    def _spent_usd(self) -> float:
        if self._fleet is None:
            return 0.0
        self._open += self._fleet.nodes[self._known :]
        self._known = len(self._fleet.nodes)
        spent = [(node, node.spent_usd()) for node in self._open]
        self._open = [node for node, _ in spent if not node.ended]
        open_usd = sum(usd for node, usd in spent if not node.ended)
        self._settled_usd += sum(usd for node, usd in spent if node.ended)
        return self._settled_usd + open_usd
