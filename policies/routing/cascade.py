"""The smallest model first, and a larger one where its answer does not convince."""

from collections.abc import Sequence

from cloudsim.contracts import AnswerView, FleetView, ReplicaView, RequestView, Route
from policies.pools import larger, least_outstanding, nearest


class Cascade:
    """The LLM cascade of FrugalGPT (arXiv 2305.05176): models answer in turn, from the smallest on, until an answer is trusted.

    An answer is delivered if its confidence reaches the threshold of its step; else it is thrown away and the next larger model with room
    answers from the prompt. Nobody reviews the largest model: its answers go to the client as they are written. In the paper a small
    learned scorer judges answers, and thresholds and the order of the models are fitted to a budget; here the confidence has the error that
    `workload.confidence_auroc` states, and thresholds are given. Ours is what a fleet needs besides: a request begins with the smallest
    model that has room, and an answer is delivered, trusted or not, where no larger model has.

    Args:
        confidence: least confidence in [0, 1] at which an answer is delivered, step by step; the last one stands for further steps.
        crowded: outstanding requests of a pool's least busy replica from which on it has no room, at least 1.
    """

    source = "FrugalGPT, arXiv 2305.05176"
    observes = (
        "answer.attempt", "answer.confidence", "answer.pool", "fleet.ready", "fleet.ready_by_pool", "replica.outstanding", "replica.pool",
        "request.escalations",
    )  # fmt: skip

    def __init__(self, confidence: Sequence[float], crowded: int) -> None:
        if not confidence or not all(0 <= least <= 1 for least in confidence):
            raise ValueError(f"confidence is {list(confidence)}; it needs at least one number, all in [0, 1]")
        if crowded < 1:
            raise ValueError(f"crowded is {crowded}; it must be at least 1")
        self._confidence, self._crowded = list(confidence), crowded

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView | Route:
        """The smallest model with room; one that lost its replica further up goes on there."""
        pools = fleet.ready_by_pool
        if request.escalations:
            return self._told(nearest(fleet, max(0, len(pools) - 1 - request.escalations)), fleet)
        for pool in reversed(list(pools)):
            if pools[pool]:
                replica = least_outstanding(pools[pool])
                if replica.outstanding < self._crowded:
                    return self._told(replica, fleet)
        return self._told(least_outstanding(fleet.ready), fleet)

    def review(self, request: RequestView, answer: AnswerView, fleet: FleetView) -> ReplicaView | Route | None:
        """None if the answer is trusted or no larger model has room."""
        if answer.confidence >= self._confidence[min(answer.attempt, len(self._confidence) - 1)]:
            return None
        for pool in larger(fleet, answer.pool):
            replica = least_outstanding(fleet.ready_by_pool[pool])
            if replica.outstanding < self._crowded:
                return self._told(replica, fleet)
        return None

    def _told(self, replica: ReplicaView, fleet: FleetView) -> ReplicaView | Route:
        """Nobody comes after the largest model."""
        return Route(replica, final=True) if replica.pool == next(iter(fleet.ready_by_pool)) else replica
