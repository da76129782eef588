"""Reasoning up to the point from which more of it brings too little."""

from math import expm1, log

from cloudsim.contracts import FleetView, ReplicaView, RequestView


class Saturation:
    """The saturation point of TTSPM (arXiv 2505.20522): compute ends where its marginal gain falls below a threshold ε.

    The paper has F(N) = F_max·(1 − (1 − p)^N) and N* = ln(ε/(F_max·p))/ln(1 − p). With its continuous form F(s) = F_max·(1 − e^(−k·s))/(1 −
    e^(−k)) in the share s of the reasoning, the gain F'(s) = ε at s* = ln(F_max·k/(ε·(1 − e^(−k))))/k. F_max, the plateau that all
    reasoning reaches, is taken as 1 − seen difficulty (ours; the paper fits it by benchmark): the less is to be gained, the sooner it ends.

    Args:
        saturation: k above 0; what is believed of `workload.reasoning_saturation`.
        gain: ε above 0, in right answers for all of a request's reasoning.
        floor: least share, in (0, 1].
    """

    source = "TTSPM, arXiv 2505.20522"
    observes = ("request.difficulty_seen",)

    def __init__(self, saturation: float, gain: float, floor: float) -> None:
        if saturation <= 0 or gain <= 0:
            raise ValueError(f"saturation is {saturation} and gain {gain}; both must be above 0")
        if not 0 < floor <= 1:
            raise ValueError(f"floor is {floor}; it must lie in (0, 1]")
        self._saturation, self._floor = saturation, floor
        self._slope = saturation / (gain * -expm1(-saturation))

    def effort(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """s*, clipped to [floor, 1]."""
        steepest = (1.0 - request.difficulty_seen) * self._slope
        share = log(steepest) / self._saturation if steepest > 1.0 else 0.0
        return min(1.0, max(self._floor, share))
