"""Everybody is served."""

from cloudsim.contracts import FleetView, RequestView


class Always:
    """Admits every request."""

    source = "no admission control"
    observes: tuple[str, ...] = ()

    def admit(self, request: RequestView, fleet: FleetView) -> bool:
        """True."""
        return True
