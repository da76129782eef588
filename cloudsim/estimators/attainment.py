"""How well promises were kept of late."""

from collections import deque
from math import nan, sqrt
from typing import NamedTuple


class AttainmentEstimate(NamedTuple):
    """Of the requests that ended within a window, those that kept the targets of their tier."""

    met: int
    ended: int

    @property
    def share(self) -> float:
        """SLA attainment; NaN where nothing ended."""
        return self.met / self.ended if self.ended else nan

    @property
    def error(self) -> float:
        """Standard error of the share if outcomes were independent (binomial), after Agresti and Coull, so that it is not 0 at the ends.

        Requests that stand in the same queue are late together, so the true error is larger.
        """
        ended = self.ended + 4
        share = (self.met + 2) / ended
        return sqrt(share * (1 - share) / ended)


class Attainment:
    """SLA attainment over the last seconds of simulated time, of each tier and of all.

    A request counts from its end on, so what is measured lags behind by a latency; one that was rejected or lost has kept no target.

    Args:
        window_s: length of the window in seconds, above 0.
    """

    def __init__(self, window_s: float) -> None:
        if not window_s > 0:
            raise ValueError(f"window_s is {window_s}; it must be above 0")
        self._window_s = window_s
        self._ended: deque[tuple[float, int, bool]] = deque()
        self._counts: list[list[int]] = [[0, 0]]  # met and all: of all tiers, then of each

    def note(self, at_s: float, tier: int, met: bool) -> None:
        """A request of a tier has ended, not earlier than those before."""
        while len(self._counts) < tier + 2:
            self._counts.append([0, 0])
        self._ended.append((at_s, tier, met))
        self._add(tier, met, 1)

    def estimate(self, now_s: float, tier: int | None = None) -> AttainmentEstimate:
        """Of a tier, or of all, over the window that ends now."""
        ended, since_s = self._ended, now_s - self._window_s
        while ended and ended[0][0] <= since_s:
            _, gone, met = ended.popleft()
            self._add(gone, met, -1)
        at = 0 if tier is None else tier + 1
        return AttainmentEstimate(*self._counts[at]) if at < len(self._counts) else AttainmentEstimate(0, 0)

    def _add(self, tier: int, met: bool, more: int) -> None:
        for counts in (self._counts[0], self._counts[tier + 1]):
            counts[0] += more * met
            counts[1] += more
