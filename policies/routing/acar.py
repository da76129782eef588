"""A few samples of the smallest model say how many models a question needs."""

from cloudsim.contracts import AnswerView, FleetView, ReplicaView, RequestView, Route, Served
from policies.pools import larger, least_outstanding, nearest


class Acar:
    """ACAR (arXiv 2602.21231): the spread σ of N probe samples picks a path through one, two or three models.

    The smallest model writes the samples. σ = (N − a)/(N − 1), where a of them say what most say: 0 if all agree, 1 if no two do. With σ up
    to `one_model` the vote is delivered; up to `two_models` the next larger model answers; above that the next larger one and then the
    largest do. The client sees the last answer. The paper's paths end in a comparison of all answers; here the last, largest model has the
    last word, which is what the path costs without a judge. Samples that agree on a wrong answer are the failure the paper reports, and
    occur here too (`cloudsim.models.voting`).

    Args:
        samples: N, at least 2.
        one_model, two_models: largest σ in [0, 1] of the paths through one and two models, in rising order.
    """

    source = "ACAR, arXiv 2602.21231"
    observes = (
        "answer.agreement", "answer.attempt", "answer.pool", "answer.samples", "fleet.ready", "fleet.ready_by_pool",
        "replica.outstanding", "request.escalations", "request.index", "served.request",
    )  # fmt: skip

    def __init__(self, samples: int, one_model: float, two_models: float) -> None:
        if samples < 2:
            raise ValueError(f"samples is {samples}; it must be at least 2")
        if not 0 <= one_model <= two_models <= 1:
            raise ValueError(f"one_model is {one_model} and two_models {two_models}; they must rise within [0, 1]")
        self._samples, self._one_model, self._two_models = samples, one_model, two_models
        self._through_three: set[int] = set()  # requests whose second answer is under way and not the last

    def route(self, request: RequestView, fleet: FleetView) -> ReplicaView | Route:
        """The probe; a request that lost its replica further up goes on there."""
        pools = list(fleet.ready_by_pool)
        replica = nearest(fleet, max(0, len(pools) - 1 - request.escalations))
        if request.escalations:
            return replica if request.index in self._through_three else Route(replica, final=True)
        return Route(replica, self._samples)

    def review(self, request: RequestView, answer: AnswerView, fleet: FleetView) -> ReplicaView | Route | None:
        """By the spread of the probe; the second of three answers is sent on whatever it says."""
        pools = larger(fleet, answer.pool)
        if answer.attempt:
            self._through_three.discard(request.index)
            return Route(least_outstanding(fleet.ready_by_pool[pools[-1]]), final=True) if pools else None
        spread = answer.samples * (1.0 - answer.agreement) / max(1, answer.samples - 1)
        if spread <= self._one_model + 1e-9 or not pools:
            return None
        replica = least_outstanding(fleet.ready_by_pool[pools[0]])
        if spread <= self._two_models + 1e-9 or len(pools) == 1:
            return Route(replica, final=True)
        self._through_three.add(request.index)
        return replica

    def learn(self, served: Served) -> None:
        """Forget a request that ended on its way."""
        self._through_three.discard(served.request.index)
