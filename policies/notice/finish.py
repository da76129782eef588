"""Running requests stay and hope to finish before the reclaim."""

from cloudsim.contracts import Action, NoticedRequest


class Finish:
    """Leaves every running request where it is; what the reclaim cuts off is computed again elsewhere."""

    observes: tuple[str, ...] = ()

    def act(self, request: NoticedRequest, notice_left_s: float) -> Action:
        """Finish."""
        return Action.FINISH
