"""Running requests are matched with what can become of them, so that all together lose the least time."""

from collections.abc import Sequence
from math import inf

from cloudsim.contracts import Action, MoveTo, NoticedRequest, NoticeView

NEVER_S = 1e9


class Assign:
    """A minimum-cost matching of running requests to actions (Kuhn-Munkres, as SpotServe matches its migrations, arXiv 2311.15566).

    A request that is expected to finish costs nothing; one that finishes with its reasoning cut short costs `squeeze_cost_s`; one that is
    computed anew costs the time of that. KV leaves the node one after another, so moving request i as the k-th from the end delays all of
    those k by its transfer: it costs k × transfer_i, and the matching finds the order too (the assignment form of the least sum of
    completion times on one machine). What then still is on the network at the reclaim is computed anew. Those that move go to the targets
    in turn, the least outstanding first. SpotServe matches device positions by the KV they can reuse; here replicas are whole, so what is
    matched is which requests use the little time there is.

    Args:
        squeeze_cost_s: seconds that an answer with its reasoning cut short is thought to cost.
    """

    source = "SpotServe, arXiv 2311.15566"
    observes = (
        "notice.left_s", "notice.network_s", "notice.running", "notice.targets", "noticed.recompute_s", "noticed.remaining_s",
        "noticed.squeezed_s", "noticed.transfer_s", "replica.outstanding",
    )  # fmt: skip

    def __init__(self, squeeze_cost_s: float) -> None:
        if squeeze_cost_s < 0:
            raise ValueError(f"squeeze_cost_s is {squeeze_cost_s}; it must be at least 0")
        self._squeeze_cost_s = squeeze_cost_s

    def act(self, notice: NoticeView) -> Sequence[Action | MoveTo]:
        """The matching, without the moves that would not end in time."""
        actions: list[Action | MoveTo] = [Action.FINISH] * len(notice.running)
        late = [at for at, one in enumerate(notice.running) if one.remaining_s > notice.left_s]
        moving: list[tuple[int, int]] = []
        for at, choice in zip(late, self._matched([notice.running[at] for at in late], notice), strict=True):
            actions[at] = Action.SQUEEZE if choice == -1 else Action.RECOMPUTE
            if choice > 0:
                moving.append((choice, at))
        targets = sorted(notice.targets, key=lambda target: target.outstanding)
        sent_s = notice.network_s
        for turn, (_, at) in enumerate(sorted(moving, reverse=True)):
            sent_s += notice.running[at].transfer_s
            if sent_s <= notice.left_s:
                actions[at] = MoveTo(targets[turn % len(targets)], turn)
        return actions

    def _matched(self, late: Sequence[NoticedRequest], notice: NoticeView) -> list[int]:
        """For each request -1 (squeeze), 0 (recompute) or its place from the end of the transfers."""
        import numpy as np
        from scipy.optimize import linear_sum_assignment

        count, left_s = len(late), notice.left_s - notice.network_s
        places = count if notice.targets and left_s > 0 else 0
        cost = np.full((count, places + 2 * count), NEVER_S)
        for row, one in enumerate(late):
            if one.transfer_s < inf:
                cost[row, :places] = one.transfer_s * np.arange(1, places + 1) if one.transfer_s <= left_s else NEVER_S
            cost[row, places + row] = one.recompute_s
            if one.squeezed_s <= notice.left_s:
                cost[row, places + count + row] = self._squeeze_cost_s
        columns = linear_sum_assignment(cost)[1]
        return [column + 1 if column < places else 0 if column < places + count else -1 for column in columns.tolist()]
