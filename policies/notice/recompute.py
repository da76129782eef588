"""Running requests that would not finish in time start again elsewhere."""

from collections.abc import Sequence

from cloudsim.contracts import Action, NoticeView


class Recompute:
    """Leaves a request that is expected to finish within the notice; hands any other back at once, to be computed again elsewhere with the
    tokens it has generated as part of its prompt."""

    source = "draining with recomputation, as vLLM preempts"
    observes = ("notice.left_s", "notice.running", "noticed.remaining_s")

    def act(self, notice: NoticeView) -> Sequence[Action]:
        """Finish if there is time, else recompute."""
        left_s = notice.left_s
        return [Action.FINISH if one.remaining_s <= left_s else Action.RECOMPUTE for one in notice.running]
