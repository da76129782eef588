"""A budget for each task, spent step by step on a large or a small model."""

from collections import OrderedDict

from cloudsim.contracts import FleetView, ReplicaView, RequestView
from policies.pools import nearest

MOST_TASKS = 65_536
"""That are remembered, those whose last step came last."""


class TaskBudget:
    """A hard step of a task goes to the largest model while the task can pay for it there, every other step to the smallest.

    A task is a conversation and a step one of its requests; one without a conversation is a task of its own. After Budget-Aware Agentic
    Routing (arXiv 2602.21227), which chooses between a cheap and an expensive model at each step under a strict budget for each task. The
    paper trains its router on trajectories; that a step is hard where the difficulty seen reaches a limit is ours. A step costs (share ·
    prompt tokens + predicted answer tokens) · price, and that is what the task is charged: true lengths are not looked at, a prefix that is
    kept is not cheaper, and a step that loses its replica pays again. A router cannot end a task: where not even the smallest model can be
    paid, or where the nearest model that is ready is larger, the budget is overdrawn.

    Args:
        budget_usd: of a task, above 0.
        hard: least difficulty seen of a hard step, in [0, 1].
        large_usd_per_million, small_usd_per_million: price of 10^6 answer tokens in the first pool and in the last one, at least 0; pools
            between them are charged as the first.
        prompt_share: price of a prompt token over that of an answer token, at least 0.
    """

    source = "Budget-Aware Agentic Routing, arXiv 2602.21227, with a rule of ours in place of the trained router"
    observes = (
        "fleet.ready", "fleet.ready_by_pool", "replica.outstanding", "replica.pool", "request.conversation", "request.difficulty_seen",
        "request.generated_tokens", "request.input_tokens", "request.output_tokens_seen",
    )  # fmt: skip

    def __init__(
        self, budget_usd: float, hard: float, large_usd_per_million: float, small_usd_per_million: float, prompt_share: float
    ) -> None:
        if not budget_usd > 0 or not 0 <= hard <= 1:
            raise ValueError(f"budget_usd is {budget_usd} and hard is {hard}; they must be above 0, and in [0, 1]")
        if not min(large_usd_per_million, small_usd_per_million, prompt_share) >= 0:
            raise ValueError(
                f"large_usd_per_million, small_usd_per_million and prompt_share are {large_usd_per_million}, {small_usd_per_million} and "
                f"{prompt_share}; they must be at least 0"
            )
        self._budget_usd, self._hard, self._prompt_share = budget_usd, hard, prompt_share
        self._large_usd, self._small_usd = large_usd_per_million / 1e6, small_usd_per_million / 1e6
        self._spent_usd: OrderedDict[int, float] = OrderedDict()

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView:
        """The least outstanding replica of the model that the step gets, or of the nearest one that is ready."""
        pools, task = list(fleet.ready_by_pool), request.conversation
        tokens = self._prompt_share * (request.input_tokens + request.generated_tokens) + request.output_tokens_seen
        spent_usd = self._spent_usd.get(task, 0.0)
        large = request.difficulty_seen >= self._hard and spent_usd + tokens * self._large_usd <= self._budget_usd
        replica = nearest(fleet, 0 if large else len(pools) - 1)
        if task >= 0:
            self._spent_usd[task] = spent_usd + tokens * (self._small_usd if replica.pool == pools[-1] else self._large_usd)
            self._spent_usd.move_to_end(task)
            if len(self._spent_usd) > MOST_TASKS:
                self._spent_usd.popitem(last=False)
        return replica
