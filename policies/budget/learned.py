"""A budget rule that a small network has learnt."""

from pathlib import Path

from cloudsim.contracts import FleetView, ReplicaView, RequestView, Served
from cloudsim.learning.budget_decider import BudgetDecider
from cloudsim.learning.network import read_network

TRAINED = Path(__file__).parent / "trained" / "ppo"


class Learned:
    """The budget to which a network trained by proximal policy optimisation gives the highest score (PPO, arXiv 1707.06347).

    It sees request, replica and fleet as numbers in [0, 1] (`cloudsim.learning.features`); a choice may hold for some seconds for all
    requests that come (`BudgetTask.hold_s`). In use it is greedy and draws nothing. What it sees, its reward and its scenario are ours;
    the card in its folder says how it was trained and what came out. A choice costs some thirteen microseconds, a held one a half.

    Args:
        path: folder that `python -m cloudsim learn` wrote; None for the one that comes with the program.
    """

    source = "PPO, arXiv 1707.06347; trained here"
    observes = BudgetDecider.observes

    def __init__(self, path: str | None) -> None:
        task, network = read_network(Path(path) if path is not None else TRAINED)
        self._decider = BudgetDecider(task, network.choose)

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The network's choice, or the one that still holds."""
        return self._decider.budget(request, replica, fleet)

    def learn(self, served: Served) -> None:
        """A request has ended, which counts for the attainment that the network sees; its weights stay."""
        self._decider.learn(served)
