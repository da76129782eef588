"""Running requests move to another instance with their KV."""

from cloudsim.contracts import Action, NoticedRequest


class Migrate:
    """Moves the KV of every running request whose transfer ends within the notice (as SpotServe does, arXiv 2311.15566).

    A request whose KV would not get out in time stays if it is expected to finish, and is computed again elsewhere if not.
    """

    observes = ("noticed.migration_s", "noticed.remaining_s")

    def act(self, request: NoticedRequest, notice_left_s: float) -> Action:
        """Migrate if there is time, else finish if there is time, else recompute."""
        if request.migration_s <= notice_left_s:
            return Action.MIGRATE
        return Action.FINISH if request.remaining_s <= notice_left_s else Action.RECOMPUTE
