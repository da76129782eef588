"""A controller that trades compute for promises kept."""

from cloudsim.contracts import FleetView, ReplicaView, RequestView, Served
from cloudsim.estimators.attainment import Attainment


class Pid:
    """PID control of the budget by SLA attainment: b = 1 − (Kp·e + ∫Ki·e dt − Kd·da/dt), clipped to [floor, 1], e = target − attainment a.

    One budget for the whole fleet, worked out anew every `interval_s` from the share of the requests that ended within the last `window_s`
    and met their targets. The derivative is that of the measurement, so that it knows no jump of the error. Against windup the integral
    stands still while the budget is at a limit and the error would drive it further. With fewer than `least_outcomes` in the window the
    budget stays. The measured share lags by a latency and errs as `AttainmentEstimate.error` says: gains must be small against both.

    Args:
        target: share to be reached, in (0, 1].
        proportional: Kp, budget for each unit of missing attainment.
        integral_per_s: Ki. derivative_s: Kd. All three at least 0.
        window_s, interval_s: seconds, above 0.
        least_outcomes: requests, at least 1.
        floor: least budget, in (0, 1].
    """

    source = "PID control, Åström and Hägglund"
    observes = ("fleet.now_s", "request.tier", "served.at_s", "served.met_sla", "served.request")

    def __init__(
        self, target: float, proportional: float, integral_per_s: float, derivative_s: float, window_s: float, interval_s: float,
        least_outcomes: int, floor: float,
    ) -> None:  # fmt: skip
        for name, value in (("target", target), ("floor", floor)):
            if not 0 < value <= 1:
                raise ValueError(f"{name} is {value}; it must lie in (0, 1]")
        for name, value in (("proportional", proportional), ("integral_per_s", integral_per_s), ("derivative_s", derivative_s)):
            if not value >= 0:
                raise ValueError(f"{name} is {value}; it must be at least 0")
        if not interval_s > 0 or least_outcomes < 1:
            raise ValueError(f"interval_s is {interval_s} and least_outcomes {least_outcomes}; they must be above 0 and at least 1")
        self._target, self._kp, self._ki, self._kd = target, proportional, integral_per_s, derivative_s
        self._interval_s, self._least, self._floor = interval_s, least_outcomes, floor
        self._attainment = Attainment(window_s)
        self._budget, self._integral, self._due_s = 1.0, 0.0, interval_s
        self._last: tuple[float, float] | None = None  # when it was measured last, and what

    def budget(self, request: RequestView, replica: ReplicaView, fleet: FleetView) -> float:
        """The controller's, the same for everybody."""
        now_s = fleet.now_s
        if now_s >= self._due_s:
            self._due_s = now_s + self._interval_s
            self._control(now_s)
        return self._budget

    def learn(self, served: Served) -> None:
        """A request has ended, in time or not."""
        self._attainment.note(served.at_s, served.request.tier, served.met_sla)

    def _control(self, now_s: float) -> None:
        found = self._attainment.estimate(now_s)
        if found.ended < self._least:
            return
        share = found.share
        error, passed_s = self._target - share, self._interval_s
        slope = 0.0
        if self._last is not None:
            passed_s = now_s - self._last[0]
            slope = (share - self._last[1]) / passed_s
        self._last = now_s, share
        integral = self._integral + self._ki * error * passed_s
        wanted = 1.0 - (self._kp * error + integral - self._kd * slope)
        if self._floor <= wanted <= 1.0 or (wanted < self._floor) == (error < 0):
            self._integral = integral
        self._budget = min(1.0, max(self._floor, wanted))
