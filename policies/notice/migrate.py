"""Running requests move to another instance with their KV."""

from collections.abc import Sequence

from cloudsim.contracts import Action, NoticeView


class Migrate:
    """Moves the KV of every running request whose transfer ends within the notice, oldest first (as SpotServe does, arXiv 2311.15566).

    A request whose KV would not get out in time stays if it is expected to finish, and is computed again elsewhere if not.
    """

    source = "SpotServe, arXiv 2311.15566"
    observes = ("notice.left_s", "notice.network_s", "notice.running", "noticed.remaining_s", "noticed.transfer_s")

    def act(self, notice: NoticeView) -> Sequence[Action]:
        """Migrate if there is time, else finish if there is time, else recompute."""
        sent_s, left_s, actions = notice.network_s, notice.left_s, []
        for one in notice.running:
            if sent_s + one.transfer_s <= left_s:
                sent_s += one.transfer_s
                actions.append(Action.MIGRATE)
            else:
                actions.append(Action.FINISH if one.remaining_s <= left_s else Action.RECOMPUTE)
        return actions
