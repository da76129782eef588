"""Running requests stay and hope to finish before the reclaim."""

from collections.abc import Sequence

from cloudsim.contracts import Action, NoticeView


class Finish:
    """Leaves every running request where it is; what the reclaim cuts off is computed again elsewhere."""

    source = "what a fleet does that ignores notices"
    observes = ("notice.running",)

    def act(self, notice: NoticeView) -> Sequence[Action]:
        """Finish."""
        return [Action.FINISH] * len(notice.running)
