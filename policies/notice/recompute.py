"""Running requests that would not finish in time start again elsewhere."""

from cloudsim.contracts import Action, NoticedRequest


class Recompute:
    """Leaves a request that is expected to finish within the notice; hands any other back at once, to be computed again elsewhere with the
    tokens it has generated as part of its prompt."""

    observes = ("noticed.remaining_s",)

    def act(self, request: NoticedRequest, notice_left_s: float) -> Action:
        """Finish if there is time, else recompute."""
        return Action.FINISH if request.remaining_s <= notice_left_s else Action.RECOMPUTE
