"""The smallest model first, and a larger one where its answer does not convince."""

from collections.abc import Sequence

from cloudsim.contracts import AnswerView, FleetView, ReplicaView, RequestView, Route
from policies.pools import larger, least_outstanding, nearest


class Cascade:
    """The LLM cascade of FrugalGPT (arXiv 2305.05176): models answer in turn, from the smallest on, until an answer is trusted.

    An answer is delivered if its confidence reaches the threshold of its step; else it is thrown away and the next larger model with a
    ready replica answers from the prompt. Nobody reviews the largest model: its answers go to the client as they are written. In the paper
    a small learned scorer judges answers, and thresholds and the order of the models are fitted to a budget; here the confidence has the
    error that `workload.confidence_auroc` states, and thresholds are given.

    Args:
        confidence: least confidence in [0, 1] at which an answer is delivered, step by step; the last one stands for further steps.
    """

    source = "FrugalGPT, arXiv 2305.05176"
    observes = (
        "answer.attempt", "answer.confidence", "answer.pool", "fleet.ready", "fleet.ready_by_pool", "replica.outstanding",
        "replica.pool", "request.escalations",
    )  # fmt: skip

    def __init__(self, confidence: Sequence[float]) -> None:
        if not confidence or not all(0 <= least <= 1 for least in confidence):
            raise ValueError(f"confidence is {list(confidence)}; it needs at least one number, all in [0, 1]")
        self._confidence = list(confidence)

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView | Route:
        """The smallest model; one that lost its replica further up goes on there."""
        pools = list(fleet.ready_by_pool)
        replica = nearest(fleet, max(0, len(pools) - 1 - request.escalations))
        return Route(replica, final=True) if replica.pool == pools[0] else replica

    def review(self, request: RequestView, answer: AnswerView, fleet: FleetView) -> ReplicaView | Route | None:
        """None if the answer is trusted or no larger model is ready."""
        if answer.confidence >= self._confidence[min(answer.attempt, len(self._confidence) - 1)]:
            return None
        pools = larger(fleet, answer.pool)
        if not pools:
            return None
        replica = least_outstanding(fleet.ready_by_pool[pools[0]])
        return Route(replica, final=True) if pools[0] == next(iter(fleet.ready_by_pool)) else replica
