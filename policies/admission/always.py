"""Everybody is served."""

from cloudsim.contracts import FleetView, RequestView


class Always:
    """Admits every request."""

    def admit(self, request: RequestView, fleet: FleetView) -> bool:
        """True."""
        return True
