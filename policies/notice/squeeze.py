"""Running requests get a smaller reasoning budget if they would not finish before the reclaim."""

from collections.abc import Sequence

from cloudsim.contracts import Action, NoticeView


class Squeeze:
    """The b_spot part of the L2A rule (arXiv 2606.27743): b_spot = clip(T_spot / T_dense, 0, 1).

    A request expected to end within the notice stays as it is. Where b_spot < 1 its reasoning budget is tightened to the leanest level of
    its model (depth and width are fixed for the life of a sequence), if that lets it end in time; else its KV is moved, if the transfer
    ends in time; else it is computed again elsewhere at once, rather than cut off at the reclaim.
    """

    source = "L2A, arXiv 2606.27743"
    observes = ("notice.left_s", "notice.network_s", "notice.running", "noticed.remaining_s", "noticed.squeezed_s", "noticed.transfer_s")

    def act(self, notice: NoticeView) -> Sequence[Action]:
        """The mildest action for each that is expected to end within the notice."""
        sent_s, left_s, actions = notice.network_s, notice.left_s, []
        for one in notice.running:
            if one.remaining_s <= left_s:
                actions.append(Action.FINISH)
            elif one.squeezed_s <= left_s:
                actions.append(Action.SQUEEZE)
            elif sent_s + one.transfer_s <= left_s:
                sent_s += one.transfer_s
                actions.append(Action.MIGRATE)
            else:
                actions.append(Action.RECOMPUTE)
        return actions
