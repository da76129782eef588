"""A budget rule that is a table of learnt values."""

from pathlib import Path

from cloudsim.contracts import FleetView, ReplicaView, RequestView, Served
from cloudsim.learning.budget_decider import BudgetDecider
from cloudsim.learning.q_table import read_table

TRAINED = Path(__file__).parent / "trained" / "q_learning"


class QTable:
    """The budget with the highest value for the tier and the bins of load it meets, learnt by Q-learning (Watkins and Dayan, 1992).

    The bins stand in the table's file, in tokens, requests and so on; a choice may hold for some seconds for all requests that come
    (`BudgetTask.hold_s`). In use it is greedy, draws nothing and learns no more. Bins, reward and scenario are ours; the card in its folder
    says how it was trained and what came out. A choice costs some seven microseconds, a held one a half.

    Args:
        path: folder that `python -m cloudsim learn` wrote; None for the one that comes with the program.
    """

    source = "Q-learning, Watkins and Dayan, Machine Learning 8, 1992; trained here"
    observes = BudgetDecider.observes

    def __init__(self, path: str | None) -> None:
        table = read_table(Path(path) if path is not None else TRAINED)
        self._decider = BudgetDecider(table.task, table.choose)

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The table's choice, or the one that still holds."""
        return self._decider.budget(request, replica, fleet)

    def learn(self, served: Served) -> None:
        """A request has ended, which counts for the attainment that is seen; the table stays."""
        self._decider.learn(served)
