"""Fast thinking for the easy parts of a question, slow thinking for the hard ones."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class SystemSwitch:
    """SCALE (arXiv 2512.00466): System 1 or System 2 for each sub-problem, by its difficulty.

    A question has `parts` sub-problems of equal reasoning whose difficulties lie evenly within ± `spread` of its own. Those at `threshold`
    or above go to System 2 and get all their reasoning, the others to System 1 and get a share `system_1`; the request may write the mean.
    In the paper a model decomposes the question and judges each part; even spacing is ours, since requests here have no parts to look at.

    Args:
        parts: sub-problems, at least 1.
        spread: of their difficulties around the question's, at least 0.
        threshold: difficulty from which a part goes to System 2.
        system_1: share of its reasoning that a part gets in System 1, in (0, 1].
    """

    source = "SCALE, arXiv 2512.00466"
    observes = ("request.difficulty_seen",)

    def __init__(self, parts: int, spread: float, threshold: float, system_1: float) -> None:
        if parts < 1 or spread < 0:
            raise ValueError(f"parts is {parts} and spread {spread}; they must be at least 1 and 0")
        if not 0 < system_1 <= 1:
            raise ValueError(f"system_1 is {system_1}; it must lie in (0, 1]")
        self._threshold, self._system_1 = threshold, system_1
        self._offsets = [spread * (2 * at - (parts - 1)) / max(1, parts - 1) for at in range(parts)]

    def effort(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The mean share of the parts."""
        needed = self._threshold - request.difficulty_seen
        hard = sum(offset >= needed for offset in self._offsets) / len(self._offsets)
        return hard + (1.0 - hard) * self._system_1
