"""Running requests get a smaller reasoning budget if they would not finish before the reclaim."""

from cloudsim.contracts import Action, NoticedRequest


class Squeeze:
    """The b_spot part of the L2A rule (arXiv 2606.27743): b_spot = clip(T_spot / T_dense, 0, 1).

    A request expected to end within the notice stays as it is. Where b_spot < 1 its reasoning budget is tightened to the leanest level of
    its model (depth and width are fixed for the life of a sequence), if that lets it end in time; else its KV is moved, if the transfer
    ends in time; else it is computed again elsewhere at once, rather than cut off at the reclaim.
    """

    observes = ("noticed.migration_s", "noticed.remaining_s", "noticed.squeezed_s")

    def act(self, request: NoticedRequest, notice_left_s: float) -> Action:
        """The mildest action that is expected to end within the notice."""
        if request.remaining_s <= notice_left_s:
            return Action.FINISH
        if request.squeezed_s <= notice_left_s:
            return Action.SQUEEZE
        return Action.MIGRATE if request.migration_s <= notice_left_s else Action.RECOMPUTE
